// SPDX-License-Identifier: Apache-2.0
/**
 * Channels as tables and traces see them: by name. What a channel is made of is configuration (config/schema.ts); what
 * it does as a destination is channels/.
 */
import type { Brand } from '../address/address.ts'

export type ChannelName = Brand<string, 'ChannelName'>

/** The kinds a channel can be of, one file each under channels/ (design 3). */
export const CHANNEL_KINDS = ['tcp', 'lmtp', 'maildir', 'local', 'pipe', 'hold', 'bitbucket'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** `tcp_internal` and `tcp_intranet` are one channel under two names (spec access-control.md 6.2). */
export function parseChannelName(text: string): ChannelName | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(text)) return undefined
  const name = text.toLowerCase()
  return (name === 'tcp_internal' ? 'tcp_intranet' : name) as ChannelName
}
