// SPDX-License-Identifier: Apache-2.0
/** When to try again, when to give up, how long one attempt may take: RFC 5321 §4.5.4.1. Pure. */
import type { Config } from '../config/schema.ts'

type QueueConfig = Config['queue']

/** Each wait is spread by up to a tenth, so that what failed together does not come back together. */
const JITTER = 0.1

/** Milliseconds until the attempt after `attempts` failed ones (1 or more). The last wait repeats. */
export function retryDelayMs(
  { retryMs }: Pick<QueueConfig, 'retryMs'>,
  attempts: number,
  random: () => number,
): number {
  const wait = retryMs[Math.min(attempts, retryMs.length) - 1] ?? 0
  return Math.round(wait * (1 + JITTER * (2 * random() - 1)))
}

/** No recorded time of a next attempt is further away than this. */
export function longestWaitMs({ retryMs }: Pick<QueueConfig, 'retryMs'>): number {
  let longest = 0
  for (const wait of retryMs) if (wait > longest) longest = wait
  return longest * (1 + JITTER)
}

/** Milliseconds from its receipt after which a message comes back undelivered. */
export const lifetimeMs = (
  { expire, expireNotices }: Pick<QueueConfig, 'expire' | 'expireNotices'>,
  nullSender: boolean,
): number => (nullSender ? expireNotices : expire)

/** Octets a second below which a transfer is no transfer. */
const SLOWEST = 4 * 1024
/** What a recipient adds: mailboxes and programs are served one after the other. */
const PER_RECIPIENT_MS = 120_000

/**
 * Milliseconds an attempt may take in all, whatever the channel is and each of its waits allows. Channels have limits of
 * their own; this one holds where they have none, or do not keep it.
 */
export const attemptMs = ({ attempt }: Pick<QueueConfig, 'attempt'>, size: number, recipients: number): number =>
  attempt + (size / SLOWEST) * 1000 + (recipients - 1) * PER_RECIPIENT_MS
