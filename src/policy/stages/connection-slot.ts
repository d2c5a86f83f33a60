// SPDX-License-Identifier: Apache-2.0
/** Is there room for one more connection: in all, from this address, from its network, in this minute? */
import { ask } from '../../ask/ask.ts'
import type { SlotLimit } from '../../ask/questions.ts'
import { reply } from '../../smtp/reply.ts'
import type { SessionContext, Stage } from '../stage.ts'

const TEXTS: Readonly<Record<SlotLimit, string>> = {
  connections: 'Too many connections, try again later',
  connectionsPerAddress: 'Too many connections from your address, try again later',
  connectionsPerNetwork: 'Too many connections from your network, try again later',
  connectionsPerMinute: 'Too many new connections from your address, try again later',
}

export const connectionSlot: Stage<SessionContext> = {
  name: 'connection slot',
  decides: 'connections at one time, in all, from one address and its network, and new ones in a minute',
  reference: 'design 2.4',
  *run(context) {
    const slot = yield* ask({ ask: 'slot.claim', address: context.client.address })
    const by = context.revision.where('limits', slot.granted ? 'connectionsPerAddress' : slot.limit)
    if (slot.granted) return { verdict: { do: 'pass' }, by }
    // RFC 5321 §3.8: 421 says that the channel closes; the client tries again later.
    return { verdict: { do: 'refuse', reply: reply(421, '3.2', TEXTS[slot.limit]), close: true }, by }
  },
}
