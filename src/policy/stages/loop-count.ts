// SPDX-License-Identifier: Apache-2.0
/** A message with too many Received: fields goes round in circles: it is kept for an operator (RFC 5321 §6.3). */
import type { ContentContext, Stage } from '../stage.ts'

export const loopCount: Stage<ContentContext> = {
  name: 'loop count',
  decides: 'has the message been through too many systems',
  reference: 'RFC 5321 §6.3',
  *run({ revision, content }) {
    const by = revision.where('limits', 'received')
    const note = `${content.receivedFields} Received: fields`
    if (content.receivedFields <= revision.config.limits.received) return { verdict: { do: 'pass' }, by, note }
    return { verdict: { do: 'hold', reason: `mail loop: ${note}` }, by, note }
  },
}
