// SPDX-License-Identifier: Apache-2.0
/** Is there room for one more connection, in all and from this address? */
import { ask } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import type { SessionContext, Stage } from '../stage.ts'

export const connectionSlot: Stage<SessionContext> = {
  name: 'connection slot',
  decides: 'connections at one time, in all and from one address',
  reference: 'design 2.4',
  *run(context) {
    const slot = yield* ask({ ask: 'slot.claim', address: context.client.address })
    const setting = slot.granted || slot.limit === 'per-address' ? 'connectionsPerAddress' : 'connections'
    const by = context.revision.where('limits', setting)
    if (slot.granted) return { verdict: { do: 'pass' }, by }
    // RFC 5321 §3.8: 421 says that the channel closes; the client tries again later.
    const text =
      slot.limit === 'total'
        ? 'Too many connections, try again later'
        : 'Too many connections from your address, try again later'
    return { verdict: { do: 'refuse', reply: reply(421, '3.2', text), close: true }, by }
  },
}
