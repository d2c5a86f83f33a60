// SPDX-License-Identifier: Apache-2.0
/** Channels that other settings name exist and can do what they are named for. */
import { CHANNEL_KINDS } from '../../envelope/channel-name.ts'
import { nearest } from '../nearest.ts'
import type { Path } from '../yaml-source.ts'
import type { Check, Checking } from './check.ts'

/** Kinds a session can start on or move to. */
const SOURCES = ['tcp', 'lmtp', 'local']
/** Kinds that can keep the mail of local users. */
const STORES = ['maildir', 'lmtp', 'pipe', 'hold', 'bitbucket', 'tcp']

export const checkChannels: Check = (c) => {
  for (const [name, listener] of c.map('listeners')) {
    if (listener !== undefined) named(c, ['listeners', name, 'channel'], SOURCES, 'sessions can start on')
  }
  for (const [i] of c.list('routes').entries()) named(c, ['routes', i, 'channel'], CHANNEL_KINDS, 'mail can go to')
  for (const keyword of ['discard', 'jettison'])
    named(c, ['filters', keyword], ['bitbucket', 'hold'], 'takes what filters throw away')
  for (const [name] of c.map('channels')) {
    const kind = c.text('channels', name, 'kind')
    named(c, ['channels', name, 'saslSwitchChannel'], SOURCES, 'a session can move to')
    named(c, ['channels', name, 'tlsSwitchChannel'], SOURCES, 'a session can move to')
    if (kind === 'local') named(c, ['channels', name, 'store'], STORES, 'can keep mailboxes')
    if (kind === 'lmtp') lmtp(c, name)
    if (c.has('channels', name, 'channelFilter') && c.has('channels', name, 'destinationFilter'))
      c.report({
        code: 'duplicate-key',
        path: ['channels', name, 'channelFilter'],
        where: 'key',
        message: '`channelFilter` is another name of `destinationFilter`, which is set too',
        fix: 'delete one of them',
      })
  }
}

function named(c: Checking, path: Path, kinds: readonly string[], purpose: string): void {
  const name = c.text(...path)
  if (name === undefined) return
  const channels = c.map('channels').map(([known]) => known)
  if (!channels.includes(name)) {
    const meant = nearest(name, channels)
    c.report({
      code: 'unknown-channel',
      path,
      message: `there is no channel \`${name}\``,
      fix: meant === undefined ? `channels there are: ${channels.join(', ')}` : `did you mean \`${meant}\`?`,
    })
    return
  }
  const kind = c.text('channels', name, 'kind')
  if (kind !== undefined && !kinds.includes(kind) && (CHANNEL_KINDS as readonly string[]).includes(kind))
    c.report({
      code: 'channel-kind',
      path,
      message: `\`${name}\` is a ${kind} channel, which is not one that ${purpose}`,
      fix: `name a channel of the kind ${kinds.join(', ')}`,
    })
}

function lmtp(c: Checking, name: string): void {
  const host = c.has('channels', name, 'host')
  const socket = c.has('channels', name, 'socket')
  if (host !== socket) return
  c.report({
    code: 'lmtp-target',
    path: ['channels', name, host ? 'socket' : 'kind'],
    where: 'key',
    message: host ? `\`${name}\` names both host and socket` : `\`${name}\` names no LMTP server`,
    fix: host ? 'keep one of them' : 'write `host: "[::1]:24"` or `socket: /run/dovecot/lmtp`',
  })
}
