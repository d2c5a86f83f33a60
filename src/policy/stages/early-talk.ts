// SPDX-License-Identifier: Apache-2.0
/**
 * Did the client speak before the greeting (RFC 5321 §4.3.1: it waits)? Programs that only push mail out often do.
 * Seen without a wait and remembered for the stages that follow; `limits.greetingDelay` names the clients that are kept
 * waiting, which shows many more of them, and may refuse them. Under implicit TLS the client speaks first by right.
 */
import { inNetwork, parseNetwork } from '../../address/network.ts'
import { ask } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import type { SessionContext, Stage } from '../stage.ts'

/** RFC 5321 §3.1: 554 instead of the greeting. RFC 3463 X.5.1: out of order. */
const REFUSAL = reply(554, '5.1', 'You spoke before the greeting')

export const earlyTalk: Stage<SessionContext> = {
  name: 'early talk',
  decides: 'did the client wait for the greeting',
  reference: 'RFC 5321 §4.3.1',
  *run(context) {
    const { revision, service, client } = context
    const { greetingDelay } = revision.config.limits
    const index = greetingDelay.findIndex(({ clients }) => clients.some((text) => holds(text, client.address)))
    const entry = greetingDelay[index]
    const by =
      entry === undefined ? revision.where('limits', 'greetingDelay') : revision.where('limits', 'greetingDelay', index)
    if (service === 'submissions')
      return { verdict: { do: 'pass' }, by, note: 'the client speaks first under implicit TLS' }
    const { octets } = yield* ask({ ask: 'client.early', waitMs: entry?.wait ?? 0 })
    if (octets === 0) return { verdict: { do: 'pass' }, by }
    const note = `${octets} octets before the greeting`
    if (entry?.earlyTalkers === 'refuse') return { verdict: { do: 'refuse', reply: REFUSAL, close: true }, by, note }
    return { verdict: { do: 'pass' }, by, context: { ...context, earlyOctets: octets }, note }
  },
}

function holds(text: string, address: string): boolean {
  const network = parseNetwork(text)
  return network !== undefined && inNetwork(address, network)
}
