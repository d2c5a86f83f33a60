// SPDX-License-Identifier: Apache-2.0
/**
 * A client that is inside moves to tcp_intranet (spec access-control.md 6). Who is inside the table INTERNAL_IP says;
 * a site without that table says it with `networks.own`.
 */
import type { Asking } from '../../ask/ask.ts'
import type { Revision } from '../../config/revision.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { askTable, type TableAnswer } from '../access/ask-table.ts'
import { UNDECIDED_CONNECTION } from '../access/replies.ts'
import { channelConfig } from '../channels.ts'
import { ownNetworkOf } from '../own-network.ts'
import type { SessionContext, Stage, StageResult } from '../stage.ts'

const INTERNAL_IP = 'INTERNAL_IP'

export const INSIDE_CHANNEL = 'tcp_intranet' as ChannelName

export const networkSwitch: Stage<SessionContext> = {
  name: 'own networks',
  decides: 'is the client inside',
  reference: 'spec access-control.md 6',
  *run(context) {
    const { revision, source, client } = context
    const channel = channelConfig(revision, source)
    if (!('switchChannel' in channel) || !channel.switchChannel)
      return {
        verdict: { do: 'pass' },
        by: revision.where('channels', source, 'switchChannel'),
        note: `sessions on ${source} do not switch by address`,
      }
    const internal = yield* byTable(context)
    if (internal !== undefined) return internal
    const index = ownNetworkOf(revision, client.address)
    if (index < 0)
      return { verdict: { do: 'pass' }, by: revision.where('networks', 'own'), note: `${client.address} is outside` }
    const by = revision.where('networks', 'own', index)
    const note = `${source} → ${INSIDE_CHANNEL}: ${client.address} is in ${revision.config.networks.own[index]}`
    return { verdict: { do: 'pass' }, by, context: { ...context, source: INSIDE_CHANNEL, insideBy: by }, note }
  },
}

/** Is the address inside, whatever channel a session is on? Where nobody can tell, it is not. */
export function* isInside(revision: Revision, address: string): Asking<boolean> {
  const answer = yield* askTable(revision, INTERNAL_IP, address, '')
  return answer === undefined ? ownNetworkOf(revision, address) >= 0 : saysInside(answer)
}

/** 6.1: `$Y` is inside; `$N`, anything else and nothing at all are outside. */
function saysInside(answer: TableAnswer): boolean {
  if (answer.kind === 'deferred' || !answer.result.matched || answer.result.failed) return false
  const { flags } = answer.result
  return flags.includes('Y') && !flags.includes('N')
}

/** Spec access-control.md 6.1: the probe is the address alone. */
function* byTable(context: SessionContext): Asking<StageResult<SessionContext> | undefined> {
  const { revision, source, client } = context
  const answer = yield* askTable(revision, INTERNAL_IP, client.address, '')
  if (answer === undefined) return undefined
  const { by, trace } = answer
  const tables = [trace]
  if (answer.kind === 'deferred')
    return { verdict: { do: 'refuse', reply: UNDECIDED_CONNECTION, close: true }, by, tables }
  if (!saysInside(answer)) return { verdict: { do: 'pass' }, by, tables, note: `${client.address} is outside` }
  const note = `${source} → ${INSIDE_CHANNEL}: ${client.address} is inside`
  return { verdict: { do: 'pass' }, by, tables, context: { ...context, source: INSIDE_CHANNEL, insideBy: by }, note }
}
