// SPDX-License-Identifier: Apache-2.0
/** Proves: a full mailbox is told at RCPT where it is the only one the address stands for, and to nobody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive } from '../../ask/ask.ts'
import type { Lookup } from '../../ask/lookup.ts'
import type { MailboxRoom } from '../../ask/questions.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { describeReply } from '../../smtp/reply.ts'
import { askStage, contextOf, mailAddress, recordingHost, revisionOf } from '../access/fixture.ts'
import type { RcptContext } from '../stage.ts'
import { mailboxQuota } from './mailbox-quota.ts'

const KIM = mailAddress('kim@example.org')
const recipient = (user: string, channel = 'ims-ms') => ({
  address: mailAddress(user),
  given: user,
  channel: channel as ChannelName,
  ...(channel === 'ims-ms' ? { user } : {}),
})
const found = (value: MailboxRoom): Lookup<MailboxRoom> => ({ kind: 'found', value })

for (const { name, room, overQuota = 'hold', becomes = [recipient(KIM)], want } of [
  { name: 'room', room: found('room'), want: 'pass' },
  { name: 'full', room: found('full'), want: '452 4.2.2 mailbox is full, try again later: kim@example.org' },
  {
    name: 'full, noexquota',
    room: found('full'),
    overQuota: 'return',
    want: '552 5.2.2 mailbox is full: kim@example.org',
  },
  { name: 'full, exquota', room: found('full'), overQuota: 'deliver', want: 'pass' },
  {
    name: 'a message that never fits',
    room: found('too-large'),
    want: '552 5.2.2 message is larger than the mailbox may be: kim@example.org',
  },
  { name: 'no quota', room: { kind: 'absent' } as const, want: 'pass' },
  { name: 'a mailbox that cannot be read', room: { kind: 'defer', cause: 'EIO' } as const, want: 'pass' },
  {
    name: 'one member of several',
    room: found('full'),
    becomes: [recipient(KIM), recipient('lee@example.org')],
    want: 'pass',
  },
  { name: 'somebody elsewhere', room: found('full'), becomes: [recipient('x@example.net', 'tcp_local')], want: 'pass' },
  { name: 'nobody new', room: found('full'), becomes: [], want: 'pass' },
])
  test(name, async () => {
    const revision = revisionOf({ channels: { 'ims-ms': { overQuota } } })
    const asked: unknown[] = []
    const context: RcptContext = {
      ...contextOf(revision),
      given: KIM,
      address: KIM,
      accepted: [],
      acceptedCommands: 0,
      presented: 0,
      becomes,
      declaredSize: 77,
    }
    const host = {
      ...recordingHost().host,
      'mailbox.room': (question: unknown) => {
        asked.push(question)
        return room
      },
    }
    const { verdict } = await drive(askStage(mailboxQuota, context), host)
    assert.equal(verdict.do === 'refuse' ? describeReply(verdict.reply) : verdict.do, want)
    const asks = becomes.length === 1 && becomes[0]?.channel === 'ims-ms' && overQuota !== 'deliver'
    assert.deepEqual(asked, asks ? [{ ask: 'mailbox.room', user: KIM, channel: 'ims-ms', octets: 77 }] : [])
  })
