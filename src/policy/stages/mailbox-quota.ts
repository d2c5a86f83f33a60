// SPDX-License-Identifier: Apache-2.0
/**
 * Is the mailbox full? Asked where an address stands for one user of ours; a full member of a group must not keep the
 * message from the others, and waits in the queue. Whoever may not write to the user hears nothing of it.
 */
import { ask } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import { channelConfig } from '../channels.ts'
import { silent } from '../saying.ts'
import type { RcptContext, Stage } from '../stage.ts'

const SILENT = silent({ by: 'built-in', rule: 'quotas' })

export const mailboxQuota: Stage<RcptContext> = {
  name: 'mailbox quota',
  decides: 'is there room in the mailbox',
  reference: 'RFC 3463 §3.3 X.2.2; keywords holdexquota, noexquota, exquota',
  judge: ({ becomes: [recipient, another] = [] }) =>
    recipient?.user === undefined || another !== undefined ? SILENT : undefined,
  *run({ becomes: [recipient] = [], revision, declaredSize: octets, given }) {
    if (recipient?.user === undefined) return SILENT
    const { address: user, channel: name } = recipient
    const channel = channelConfig(revision, name)
    if (channel.kind !== 'maildir' || channel.overQuota === 'deliver') return SILENT
    const setting = revision.where('channels', name, 'overQuota')
    const room = yield* ask({ ask: 'mailbox.room', user, channel: name, octets })
    // A mailbox that cannot be looked at now is looked at again when the message is delivered.
    if (room.kind !== 'found') return SILENT
    const directory = { by: 'directory', entry: `user ${recipient.user}` } as const
    switch (room.value) {
      case 'room':
        return { verdict: { do: 'pass' }, by: directory }
      case 'too-large':
        return {
          verdict: { do: 'refuse', reply: reply(552, '2.2', `message is larger than the mailbox may be: ${given}`) },
          by: directory,
        }
      case 'full': {
        const refusal =
          channel.overQuota === 'hold'
            ? reply(452, '2.2', `mailbox is full, try again later: ${given}`)
            : reply(552, '2.2', `mailbox is full: ${given}`)
        return { verdict: { do: 'refuse', reply: refusal }, by: setting, note: 'over quota' }
      }
      default:
        return room.value satisfies never
    }
  },
}
