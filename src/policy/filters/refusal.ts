// SPDX-License-Identifier: Apache-2.0
/** What a client hears of a message that filters refuse, RFC 5429 §2.1. Pure. */
import { isAscii } from '../../address/path.ts'
import type { Filtered } from '../../envelope/filtered.ts'
import type { Reply } from '../../smtp/reply.ts'

/** Lines of a reply, RFC 5429 §2.1.2: as many as anybody reads. */
const MAX_LINES = 10
const MAX_LINE = 200

/** The reply for one recipient; `undefined`: it is not refused, or not in the dialogue. */
export function refusalReply(filtered: Filtered | undefined): Reply | undefined {
  const refused = filtered?.refused
  if (filtered === undefined || refused === undefined || filtered.keep !== undefined) return undefined
  const { fileinto, redirects, notices, reports } = filtered
  if ([fileinto, redirects, notices, reports].some((list) => list.length > 0)) return undefined
  // RFC 5429 §2.2: what `reject` says comes whole, so text that a reply cannot hold goes into a notice.
  if (refused.how === 'reject' && !isAscii(refused.reason)) return undefined
  const lines = refused.reason
    .split(/\r?\n/)
    .map((line) =>
      line
        .replace(/[^\x20-\x7e]/g, '?')
        .trim()
        .slice(0, MAX_LINE),
    )
    .filter((line) => line !== '')
    .slice(0, MAX_LINES)
  return { code: 550, enhanced: '7.1', lines: lines.length === 0 ? ['Message refused by the recipient'] : lines }
}

/** The reply, where all refuse with the same words and nobody gets the message. */
export function commonRefusal(outcomes: readonly (Filtered | undefined)[]): Reply | undefined {
  const first = outcomes[0]?.refused
  const alike = outcomes.every((each) => each?.refused?.how === first?.how && each?.refused?.reason === first?.reason)
  const replies = alike ? outcomes.map(refusalReply) : []
  return replies.every((one) => one !== undefined) ? replies[0] : undefined
}
