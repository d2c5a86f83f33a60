// SPDX-License-Identifier: Apache-2.0
/** A client of our own networks is inside: its session moves to tcp_intranet (spec access-control.md 6.2). */
import type { ChannelName } from '../../envelope/channel-name.ts'
import { channelConfig } from '../channels.ts'
import { ownNetworkOf } from '../own-network.ts'
import type { SessionContext, Stage } from '../stage.ts'

export const INSIDE_CHANNEL = 'tcp_intranet' as ChannelName

export const networkSwitch: Stage<SessionContext> = {
  name: 'own networks',
  decides: 'is the client inside',
  reference: 'spec access-control.md 6',
  *run(context) {
    const { revision, source, client } = context
    const { own } = revision.config.networks
    const channel = channelConfig(revision, source)
    if (!('switchChannel' in channel) || !channel.switchChannel)
      return {
        verdict: { do: 'pass' },
        by: revision.where('channels', source, 'switchChannel'),
        note: `sessions on ${source} do not switch by address`,
      }
    const index = ownNetworkOf(revision, client.address)
    if (index < 0)
      return { verdict: { do: 'pass' }, by: revision.where('networks', 'own'), note: `${client.address} is outside` }
    return {
      verdict: { do: 'pass' },
      by: revision.where('networks', 'own', index),
      context: { ...context, source: INSIDE_CHANNEL },
      note: `${source} → ${INSIDE_CHANNEL}: ${client.address} is in ${own[index]}`,
    }
  },
}
