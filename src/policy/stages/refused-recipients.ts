// SPDX-License-Identifier: Apache-2.0
/**
 * Over LMTP each recipient has a reply of their own, so whoever refuses is answered there, and the message is taken in for
 * the others alone. Over SMTP there is one reply, and what some refuse goes back as a notice (RFC 5429 §2.1.2).
 */
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Reply } from '../../smtp/reply.ts'
import { refusalReply } from '../filters/refusal.ts'
import { silent } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

const BY: DecidedBy = { by: 'built-in', rule: 'one reply for each recipient' }
const SILENT = silent(BY)

export const refusedRecipients: Stage<ContentContext> = {
  name: 'refused recipients',
  decides: 'who hears over LMTP that their filters refuse the message',
  reference: 'RFC 2033 §4.2, RFC 5429 §2.1',
  judge(context) {
    if (context.service !== 'lmtp') return SILENT
    const refusals = refusalsOf(context)
    const [first] = refusals.values()
    if (first === undefined) return SILENT
    const recipients = context.recipients.filter(({ given }) => !refusals.has(given))
    const note = `refused for ${[...refusals.keys()].slice(0, MAX_NAMED).join(' ')}`
    if (recipients.length > 0)
      return { verdict: { do: 'pass' }, by: BY, note, context: { ...context, recipients, refusals } }
    return { verdict: { do: 'refuse', reply: first }, by: BY, note, context: { ...context, refusals } }
  },
}

/** Recipients named in one step. */
const MAX_NAMED = 5

/**
 * By the argument of RCPT: where it stands for several, all of them have to refuse. One that stands for recipients who had
 * been named before has none of its own, and would be told of success: then refusals are notices, as over SMTP.
 */
function refusalsOf({ recipients, named = [] }: ContentContext): ReadonlyMap<string, Reply> {
  const refusals = new Map<string, Reply>()
  const own = new Set(recipients.map(({ given }) => given))
  if (named.some((given) => !own.has(given))) return refusals
  const taken = new Set<string>()
  for (const { given, filtered } of recipients) {
    const reply = refusalReply(filtered)
    if (reply === undefined) taken.add(given)
    else if (!refusals.has(given)) refusals.set(given, reply)
  }
  for (const given of taken) refusals.delete(given)
  return refusals
}
