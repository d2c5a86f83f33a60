// SPDX-License-Identifier: Apache-2.0
/**
 * The name of a client in reverse DNS, for `Received:`; never for access. Nobody waits long for it, and mail passes
 * without. With a forward check the name has to lead back to the address, or is marked or dropped.
 */
import { isLoopback, normaliseIp } from '../../address/network.ts'
import { parseDomain } from '../../address/path.ts'
import { reverseName } from '../../address/reversed.ts'
import { type Asking, ask } from '../../ask/ask.ts'
import { channelConfig } from '../channels.ts'
import type { SessionContext, Stage, StageResult } from '../stage.ts'

/** For the name, and as long again for the way back. */
const WITHIN_MS = 2000

/** Names of one address that are looked at. */
const MAX_NAMES = 5

/** Behind a name that does not lead back (spec access-control.md 9, [R]). */
const MARK = '*'

export const clientName: Stage<SessionContext> = {
  name: 'client name',
  decides: 'what the client is called in DNS',
  reference: 'spec access-control.md 9; RFC 1035 §3.5',
  *run(context) {
    const { revision, source, client } = context
    const channel = channelConfig(revision, source)
    const wanted = 'clientName' in channel ? channel.clientName : 'numeric'
    const by = revision.where('channels', source, 'clientName')
    const asked = reverseName(client.address)
    if (wanted === 'numeric' || asked === undefined || isLoopback(client.address))
      return { verdict: { do: 'pass' }, by, silent: true }
    const found = yield* nameOf(asked)
    if (found === undefined) return { verdict: { do: 'pass' }, by, note: `${client.address} has no name` }
    const check = 'forwardCheck' in channel ? channel.forwardCheck : 'none'
    if (check === 'none' || (yield* leadsBack(found, client.address))) return named(context, by, found, found)
    const checkedBy = revision.where('channels', source, 'forwardCheck')
    const note = `${found} does not lead back to ${client.address}`
    if (check === 'delete') return { verdict: { do: 'pass' }, by: checkedBy, note }
    return named(context, checkedBy, `${found}${MARK}`, note)
  },
}

const named = (
  context: SessionContext,
  by: StageResult<SessionContext>['by'],
  name: string,
  note: string,
): StageResult<SessionContext> => ({
  verdict: { do: 'pass' },
  by,
  note,
  context: { ...context, clientName: name },
})

/** The first that is a name of a host at all: who runs the reverse zone may write anything. */
function* nameOf(reversed: string): Asking<string | undefined> {
  const answer = yield* ask({ ask: 'dns', name: reversed, type: 'PTR', withinMs: WITHIN_MS })
  if (answer.kind !== 'found') return undefined
  return answer.records
    .slice(0, MAX_NAMES)
    .filter((record): record is string => typeof record === 'string')
    .find((name) => !name.startsWith('[') && /^[ -~]+$/.test(name) && parseDomain(name) !== undefined)
}

function* leadsBack(name: string, address: string): Asking<boolean> {
  const own = normaliseIp(address)
  const type = own?.includes(':') === true ? 'AAAA' : 'A'
  const answer = yield* ask({ ask: 'dns', name, type, withinMs: WITHIN_MS })
  return (
    answer.kind === 'found' &&
    answer.records.some((record) => typeof record === 'string' && normaliseIp(record) === own)
  )
}
