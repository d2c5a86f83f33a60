// SPDX-License-Identifier: Apache-2.0
/**
 * Names of transactions and of sessions. A message's name is given at MAIL FROM and stays with it in the trace, the
 * `Received:` field, the queue, the logs and every notification. It sorts by time.
 */
import type { Brand } from '../address/address.ts'

/** 17 characters of Crockford's base 32: 48 bits of milliseconds, then 36 bits of randomness and count. */
export type MessageId = Brand<string, 'MessageId'>
/** Same form, for a connection. */
export type SessionId = Brand<string, 'SessionId'>

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const FORM = /^[0-9A-HJKMNP-TV-Z]{17}$/

/** Reads an id typed by a person; lower case is accepted. */
export function parseMessageId(text: string): MessageId | undefined {
  const upper = text.toUpperCase()
  return FORM.test(upper) ? (upper as MessageId) : undefined
}

/**
 * A source of ids. Ids from one source differ and rise, even when the wall clock stands or runs backwards.
 * @param now milliseconds since the epoch
 * @param random a whole number below 2^20, drawn once for each source, so that two processes differ
 */
export function createIds(now: () => number, random: number): { message(): MessageId; session(): SessionId } {
  let last = 0
  let count = 0
  const next = (): string => {
    const ms = Math.max(now(), last)
    count = ms === last ? count + 1 : 0
    if (count > 0x7fff) {
      last = ms + 1
      count = 0
    } else last = ms
    return base32(last, 10) + base32(random % 0x100000, 4) + base32(count, 3)
  }
  return { message: () => next() as MessageId, session: () => next() as SessionId }
}

function base32(value: number, digits: number): string {
  let text = ''
  let rest = value
  for (let i = 0; i < digits; i++) {
    text = DIGITS[rest % 32] + text
    rest = Math.floor(rest / 32)
  }
  return text
}
