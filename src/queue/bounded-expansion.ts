// SPDX-License-Identifier: Apache-2.0
/**
 * Expansion at delivery time ends: nobody twice, and no deeper than aliases may nest. An alias that leads back to itself
 * would otherwise make recipients for ever.
 */
import { addressKey } from '../address/path.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { QueuedMessage } from './store.ts'

export function boundedExpansion(
  outcome: Outcome,
  recipient: Recipient,
  { recipients }: QueuedMessage,
  maxDepth: number,
): Outcome {
  if (outcome.kind !== 'expanded') return outcome
  let depth = 0
  for (let at = recipient.parent; at !== undefined; at = recipients.get(at)?.recipient.parent) depth++
  if (depth >= maxDepth)
    return { kind: 'failed', status: '5.4.6', reason: `aliases nested too deeply: ${recipient.given}` }
  const known = new Set([...recipients.values()].map((state) => keyOf(state.recipient)))
  const into = outcome.into.filter((member) => {
    const fresh = !known.has(keyOf(member))
    known.add(keyOf(member))
    return fresh
  })
  return { kind: 'expanded', into }
}

/**
 * Copies that a filter files into different mailboxes are different, and so is the recipient they were made of; and what
 * is left to be carried out beside copies (a refusal) is neither.
 */
const keyOf = ({
  address,
  channel,
  via,
  detail,
  copy,
  filtered,
}: Pick<Recipient, 'address' | 'channel' | 'via' | 'detail' | 'copy' | 'filtered'>): string => {
  const made = copy === undefined ? '' : `copy ${copy.mailbox ?? ''}`
  return JSON.stringify([addressKey(address), channel, via ?? '', detail ?? '', filtered !== undefined, made])
}
