// SPDX-License-Identifier: Apache-2.0
/** When to try again, when to give up, when to tell the sender: RFC 5321 §4.5.4.1. Pure. */
import type { Config } from '../config/schema.ts'
import type { Envelope } from '../envelope/envelope.ts'

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

/** Wall-clock milliseconds at which a message comes back undelivered. */
export const expiresAt = ({ expire, expireNotices }: QueueConfig, { receivedAt, reversePath }: Envelope): number =>
  receivedAt + (reversePath === null ? expireNotices : expire)

/** Wall-clock milliseconds from which a delay is told; never where the setting is 0. */
export const delayNoticeAt = ({ delayNotice }: QueueConfig, { receivedAt }: Envelope): number =>
  delayNotice === 0 ? Number.POSITIVE_INFINITY : receivedAt + delayNotice
