// SPDX-License-Identifier: Apache-2.0
/** A channel's configuration by name. The configuration loader has checked that every name in it exists. */
import type { Revision } from '../config/revision.ts'
import type { ChannelConfig } from '../config/schema-channels.ts'
import type { ChannelName } from '../envelope/channel-name.ts'

/** @throws Error for a name that no channel has: a bug, the loader checks names */
export function channelConfig(revision: Revision, name: ChannelName): ChannelConfig {
  const channel = revision.config.channels[name]
  if (channel === undefined) throw new Error(`no channel ${name} in revision ${revision.id}`)
  return channel
}
