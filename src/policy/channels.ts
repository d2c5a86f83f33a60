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

/** What a revision says, worked out once and kept as long as the revision. */
export function ofRevision<T>(workOut: (revision: Revision) => T): (revision: Revision) => T {
  const known = new WeakMap<Revision, { readonly value: T }>()
  return (revision) => {
    const before = known.get(revision)
    if (before !== undefined) return before.value
    const value = workOut(revision)
    known.set(revision, { value })
    return value
  }
}

/** The same of one of its channels. */
export function ofChannel<T>(
  workOut: (revision: Revision, channel: ChannelName) => T,
): (revision: Revision, channel: ChannelName) => T {
  const channels = ofRevision(() => new Map<ChannelName, T>())
  return (revision, channel) => {
    const known = channels(revision)
    const before = known.get(channel)
    if (before !== undefined) return before
    const value = workOut(revision, channel)
    known.set(channel, value)
    return value
  }
}
