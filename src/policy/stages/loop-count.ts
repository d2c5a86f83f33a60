// SPDX-License-Identifier: Apache-2.0
/**
 * A message that comes round again and again is kept for an operator, and nobody is told (RFC 5321 §6.3). Counted is
 * what it came with: the field that this server adds to it is not among them.
 */
import { type Asking, ask } from '../../ask/ask.ts'
import { usual } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

type LoopLimit = 'localReceived' | 'received' | 'mrReceived' | 'totalReceived'

export const loopCount: Stage<ContentContext> = {
  name: 'loop count',
  decides: 'has the message been here, or through other systems, too often',
  reference: 'spec filters.md 7; RFC 5321 §6.3',
  judge(context) {
    if (overOf(context) !== undefined) return undefined
    return usual(context.revision.where('limits', 'received'), `${context.content.receivedFields} Received: fields`)
  },
  *run(context) {
    const { revision } = context
    const { limits } = revision.config
    const over = overOf(context)
    if (over === undefined) throw new Error('the loop count is over no limit')
    const by = revision.where('limits', over.limit)
    const note = `${over.count} ${over.fields}, more than ${limits[over.limit]}`
    const reason = `mail loop: ${note}`
    if (limits.heldAlarm) yield* alarm(context, reason, over.limit)
    return { verdict: { do: 'hold', reason }, by, note }
  },
}

interface Over {
  readonly limit: LoopLimit
  readonly count: number
  readonly fields: string
}

/** The limit that is passed, if one is; the most telling of them. */
function overOf({ content, revision }: ContentContext): Over | undefined {
  const { limits, server } = revision.config
  const { receivedFields, mrReceivedFields, x400ReceivedFields, localReceivedFields } = content
  const total = receivedFields + mrReceivedFields + x400ReceivedFields
  if (localReceivedFields > limits.localReceived)
    return { limit: 'localReceived', count: localReceivedFields, fields: `Received: fields naming ${server.hostname}` }
  if (receivedFields > limits.received) return { limit: 'received', count: receivedFields, fields: 'Received: fields' }
  if (mrReceivedFields > limits.mrReceived)
    return { limit: 'mrReceived', count: mrReceivedFields, fields: 'MR-Received: fields' }
  if (total > limits.totalReceived)
    return { limit: 'totalReceived', count: total, fields: 'Received:, MR-Received: and X400-Received: fields' }
  return undefined
}

/** Once for the message: it is held, and let go it is not counted again. */
function* alarm({ session, id, client }: ContentContext, text: string, limit: LoopLimit): Asking<void> {
  const by = `limits.${limit}`
  const about = { session, message: id, client: client.address }
  yield* ask({ ask: 'note', note: { kind: 'loop', facility: 'mail', severity: 'warning', text, by, ...about } })
}
