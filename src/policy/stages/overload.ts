// SPDX-License-Identifier: Apache-2.0
/**
 * Under load new connections are refused early, before a place, a look-up or a handshake was spent on them; clients
 * that mail was accepted from lately are refused last, our own networks never (design 7). A loopback client is a
 * program of this machine, such as a filter that hands mail back: to refuse it would hold up mail that is accepted.
 */
import { isLoopback } from '../../address/network.ts'
import { ask } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Standing } from '../../ask/pressure.ts'
import { reply } from '../../smtp/reply.ts'
import type { SessionContext, Stage, StageResult } from '../stage.ts'
import { isInside } from './network-switch.ts'

export const overload: Stage<SessionContext> = {
  name: 'load',
  decides: 'is there time and memory for one more client',
  reference: 'design 7; RFC 5321 §3.8',
  *run({ revision, client }) {
    const { load, client: standing } = yield* ask({ ask: 'pressure', client: client.address })
    const by = revision.where('limits', load.cause === 'memory' ? 'memory' : 'loopDelay')
    if (load.level === 'fine') return { verdict: { do: 'pass' }, by }
    const note = `${load.level} (${load.detail}); ${KNOWN[standing]}`
    if (standing === 'good' || (standing === 'near' && load.level === 'busy'))
      return { verdict: { do: 'pass' }, by, note }
    if (isLoopback(client.address) || (yield* isInside(revision, client.address)))
      return { verdict: { do: 'pass' }, by, note: `${load.level} (${load.detail}); of our own networks` }
    return refusal(by, note)
  },
}

const KNOWN = {
  good: 'mail of this client was accepted lately',
  near: 'mail of its network was accepted lately',
  unknown: 'no mail of this client was accepted lately',
} as const satisfies Record<Standing, string>

const refusal = (by: DecidedBy, note: string): StageResult<SessionContext> => ({
  // RFC 3463 X.3.2: system not accepting network messages.
  verdict: { do: 'refuse', reply: reply(421, '3.2', 'Server is busy, try again later'), close: true },
  by,
  note,
})
