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

/** What a revision says of one of its channels, worked out once and kept as long as the revision. */
export function ofChannel<T>(
  workOut: (revision: Revision, channel: ChannelName) => T,
): (revision: Revision, channel: ChannelName) => T {
  const known = new WeakMap<Revision, Map<ChannelName, T>>()
  /** Nearly always the same one is asked about again. It keeps a revision that is gone till then. */
  let last: { readonly revision: Revision; readonly channel: ChannelName; readonly value: T } | undefined
  return (revision, channel) => {
    if (last?.revision === revision && last.channel === channel) return last.value
    const ofRevision = known.get(revision) ?? new Map<ChannelName, T>()
    const value = ofRevision.get(channel) ?? workOut(revision, channel)
    known.set(revision, ofRevision.set(channel, value))
    last = { revision, channel, value }
    return value
  }
}
