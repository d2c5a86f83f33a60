// SPDX-License-Identifier: Apache-2.0
/** Bounds on messages of a session and recipients of a message (spec access-control.md 8). */
import { reply } from '../../smtp/reply.ts'
import type { MailContext, RcptContext, Stage } from '../stage.ts'

export const transactionLimit: Stage<MailContext> = {
  name: 'transaction limit',
  decides: 'messages in one session',
  reference: 'spec access-control.md 8, transactionlimit',
  *run({ revision, transactions }) {
    const by = revision.where('limits', 'transactions')
    if (transactions < revision.config.limits.transactions) return { verdict: { do: 'pass' }, by }
    const text = 'number of transactions exceeds allowed maximum'
    return { verdict: { do: 'refuse', reply: reply(450, '5.3', text) }, by }
  },
}

export const recipientLimit: Stage<RcptContext> = {
  name: 'recipient limit',
  decides: 'recipients of one message',
  reference: 'spec access-control.md 8, recipientlimit; RFC 5321 §4.5.3.1.8',
  *run({ revision, presented }) {
    const by = revision.where('limits', 'recipients')
    if (presented < revision.config.limits.recipients) return { verdict: { do: 'pass' }, by }
    // The enhanced code is the documented one; RFC 5321 §4.5.3.1.10 has only the 452.
    return { verdict: { do: 'refuse', reply: reply(452, '2.3', 'too many recipients specified') }, by }
  },
}
