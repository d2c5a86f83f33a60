// SPDX-License-Identifier: Apache-2.0
/** For the tests of channels: a delivery, and what channels are handed. */
import { parseAddress } from '../address/path.ts'
import { systemClock } from '../clock/clock.ts'
import { type ChannelConfigOf, ChannelSchema } from '../config/schema-channels.ts'
import type { Resolver } from '../dns/resolver.ts'
import { parseChannelName } from '../envelope/channel-name.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import { createIds } from '../envelope/message-id.ts'
import { silentLog } from '../monitor/log.ts'
import type { ChannelDeps } from './deps.ts'

const ids = createIds(() => Date.UTC(2026, 0, 1), 7)
export const CONTENT = 'Subject: test\r\n\r\n.dot\r\nbody\r\n'

/** @throws Error for what is no address */
export function address(text: string) {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(`${text} is no address`)
  return parsed
}

function channel(name: string) {
  const parsed = parseChannelName(name)
  if (parsed === undefined) throw new Error(`${name} is no channel`)
  return parsed
}

export function delivery(
  to: readonly (string | Partial<Recipient>)[],
  options: Partial<Envelope> & { readonly text?: string } = {},
): Delivery {
  const { text = CONTENT, ...rest } = options
  const recipients = to.map((one, index): Recipient => {
    const partial = typeof one === 'string' ? { address: address(one) } : one
    const at = partial.address ?? address('kim@example.org')
    return { index, given: at, channel: channel('tcp_local'), ...partial, address: at }
  })
  const envelope: Envelope = {
    id: ids.message(),
    reversePath: address('sender@example.net'),
    receivedAt: 0,
    source: channel('tcp_local'),
    origin: { session: ids.session(), protocol: 'ESMTP' },
    revision: 'test',
    smtputf8: false,
    body: '7bit',
    size: text.length,
    edits: [],
    recipients,
    ...rest,
  }
  const content = async function* () {
    yield Buffer.from(text, 'latin1')
  }
  return { envelope, recipients, attempts: 0, size: text.length, content }
}

export const noNames: Resolver = { lookup: async () => ({ kind: 'absent', why: 'nxdomain', ttlSeconds: 1 }) }

export const deps = (changes: Partial<ChannelDeps> = {}): ChannelDeps => ({
  resolver: noNames,
  clock: systemClock,
  log: silentLog,
  random: () => 0.5,
  hostname: 'mx.example.org',
  self: () => new Set(),
  place: async () => ({ recipients: [], steps: [] }),
  mailboxes: '/nonexistent',
  ...changes,
})

/** A channel's configuration with its defaults. */
export function configOf<K extends 'tcp' | 'lmtp' | 'maildir' | 'pipe'>(
  kind: K,
  given: Readonly<Record<string, unknown>> = {},
): ChannelConfigOf<K> {
  const parsed = ChannelSchema.parse({ kind, ...given })
  if (parsed.kind !== kind) throw new Error(`${parsed.kind} is not ${kind}`)
  return parsed as ChannelConfigOf<K>
}
