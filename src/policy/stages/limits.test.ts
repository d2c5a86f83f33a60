// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: each limit lets n pass and refuses the next one with its documented reply, and names the setting that
 * decided: the channel's own, or the net in `limits` where that is smaller.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Asking } from '../../ask/ask.ts'
import type { Revision, RevisionId } from '../../config/revision.ts'
import { ConfigSchema } from '../../config/schema.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { MessageId, SessionId } from '../../envelope/message-id.ts'
import { ContentScanner } from '../../mime/content-scanner.ts'
import { describeReply } from '../../smtp/reply.ts'
import { type ContentContext, NO_COUNTS, type RcptContext, type SessionCounts, type StageResult } from '../stage.ts'
import { contentSize, declaredSize, declaredSizeAtDestination, sizeAtDestination } from './content-size.ts'
import { holdLimit } from './hold-limit.ts'
import { longLines } from './long-lines.ts'
import { loopCount } from './loop-count.ts'
import { sessionLimits } from './session-limits.ts'
import { recipientCutoff, recipientLimit, transactionLimit } from './transaction-limits.ts'

const IN = 'tcp_local' as ChannelName
const OUT = 'ims-ms' as ChannelName
interface Given {
  readonly channel?: Readonly<Record<string, unknown>>
  readonly destination?: Readonly<Record<string, unknown>>
  readonly limits?: Readonly<Record<string, unknown>>
  readonly counts?: Partial<SessionCounts>
  readonly declaredSize?: number
  readonly acceptedCommands?: number
  readonly presented?: number
  readonly text?: string
}

/** A context that serves every moment. */
function contextOf(given: Given): RcptContext & ContentContext {
  const revision: Revision = {
    id: 'r' as RevisionId,
    directory: '/nowhere',
    config: ConfigSchema.parse({
      server: { hostname: 'mx.example.org' },
      listeners: {},
      channels: { [IN]: { kind: 'tcp', ...given.channel }, [OUT]: { kind: 'maildir', ...given.destination } },
      limits: given.limits ?? {},
    }),
    where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
  }
  const scanner = new ContentScanner('mx.example.org')
  scanner.push(Buffer.from(given.text ?? ''))
  const address = 'kim@example.org' as RcptContext['address']
  return {
    session: 's' as SessionId,
    id: 'm' as MessageId,
    revision,
    listener: 'mx',
    service: 'smtp',
    client: { address: '192.0.2.1', port: 1 },
    server: { address: '192.0.2.2', port: 25 },
    source: IN,
    initial: IN,
    counts: { ...NO_COUNTS, ...given.counts },
    esmtp: true,
    reversePath: null,
    declaredSize: given.declaredSize ?? 0,
    smtputf8: false,
    body: '7bit',
    given: address,
    address,
    accepted: [],
    acceptedCommands: given.acceptedCommands ?? 0,
    presented: given.presented ?? given.acceptedCommands ?? 0,
    becomes: [{ address, given: address, channel: OUT }],
    recipients: [{ index: 0, address, given: address, channel: OUT }],
    content: { ...scanner.finish(), bareCr: 0, bareLf: 0, hasNul: false },
    receivedAt: 0,
    edits: [],
  }
}

interface AnyStage {
  readonly name: string
  readonly judge?: (context: RcptContext & ContentContext) => StageResult<unknown> | undefined
  readonly run?: (context: RcptContext & ContentContext) => Asking<StageResult<unknown>>
}
const received = (value: string, times: number, name = 'Received'): string => `${name}: ${value}\r\n`.repeat(times)
const x = (times: number): string => 'x'.repeat(times)

const rows: readonly {
  readonly stage: AnyStage
  /** Just allowed. */
  readonly well: Given
  readonly over: Given
  readonly says: string
  readonly by: string
}[] = [
  {
    stage: transactionLimit,
    well: { channel: { transactionLimit: 3 }, counts: { transactions: 2 } },
    over: { channel: { transactionLimit: 3 }, counts: { transactions: 3 } },
    says: '450 4.5.3',
    by: 'channels.tcp_local.transactionLimit',
  },
  {
    stage: transactionLimit,
    well: { channel: { transactionLimit: 9 }, limits: { transactions: 3 }, counts: { transactions: 2 } },
    over: { channel: { transactionLimit: 9 }, limits: { transactions: 3 }, counts: { transactions: 3 } },
    says: '450 4.5.3',
    by: 'limits.transactions',
  },
  {
    stage: transactionLimit,
    well: { channel: { allowTransactionsPerSession: 3, transactionLimitRcptTo: true }, counts: { transactions: 3 } },
    over: { channel: { allowTransactionsPerSession: 3 }, counts: { transactions: 3 } },
    says: '451 4.5.3',
    by: 'channels.tcp_local.allowTransactionsPerSession',
  },
  {
    stage: recipientLimit,
    well: { channel: { allowTransactionsPerSession: 3, transactionLimitRcptTo: true }, counts: { transactions: 3 } },
    over: { channel: { allowTransactionsPerSession: 3, transactionLimitRcptTo: true }, counts: { transactions: 4 } },
    says: '451 4.5.3',
    by: 'channels.tcp_local.allowTransactionsPerSession',
  },
  {
    stage: sessionLimits,
    well: { channel: { disconnectTransactionLimit: 3 }, counts: { transactions: 2 } },
    over: { channel: { disconnectTransactionLimit: 3 }, counts: { transactions: 3 } },
    says: '450 4.7.0',
    by: 'channels.tcp_local.disconnectTransactionLimit',
  },
  {
    stage: sessionLimits,
    well: { channel: { disconnectRecipientLimit: 3 }, counts: { recipients: 3 } },
    over: { channel: { disconnectRecipientLimit: 3 }, counts: { recipients: 4 } },
    says: '450 4.7.0',
    by: 'channels.tcp_local.disconnectRecipientLimit',
  },
  {
    stage: sessionLimits,
    well: { channel: { disconnectRejectLimit: 3 }, counts: { refusedRecipients: 3 } },
    over: { channel: { disconnectRejectLimit: 3 }, counts: { refusedRecipients: 4 } },
    says: '450 4.7.0',
    by: 'channels.tcp_local.disconnectRejectLimit',
  },
  {
    stage: recipientLimit,
    well: { channel: { recipientLimit: 3 }, acceptedCommands: 2, presented: 50 },
    over: { channel: { recipientLimit: 3 }, acceptedCommands: 3 },
    says: '452 4.2.3',
    by: 'channels.tcp_local.recipientLimit',
  },
  {
    stage: recipientLimit,
    well: { limits: { recipients: 100 }, presented: 99 },
    over: { limits: { recipients: 100, permanentRecipientLimit: true }, presented: 100 },
    says: '452 4.2.3',
    by: 'limits.recipients',
  },
  {
    stage: recipientLimit,
    well: { channel: { recipientLimit: 3 }, limits: { permanentRecipientLimit: true }, acceptedCommands: 2 },
    over: { channel: { recipientLimit: 3 }, limits: { permanentRecipientLimit: true }, acceptedCommands: 3 },
    says: '550 4.2.3',
    by: 'channels.tcp_local.recipientLimit',
  },
  {
    stage: recipientLimit,
    well: { channel: { deferralRejectLimit: 3 }, counts: { refusedRecipients: 2 } },
    over: { channel: { deferralRejectLimit: 3 }, counts: { refusedRecipients: 3 } },
    says: '450 4.7.0',
    by: 'channels.tcp_local.deferralRejectLimit',
  },
  {
    stage: recipientCutoff,
    well: { channel: { recipientCutoff: 3 }, presented: 3 },
    over: { channel: { recipientCutoff: 3 }, presented: 4, acceptedCommands: 1 },
    says: '451 4.4.5',
    by: 'channels.tcp_local.recipientCutoff',
  },
  {
    stage: declaredSize,
    well: { channel: { sourceBlockLimit: 2 }, declaredSize: 2048 },
    over: { channel: { sourceBlockLimit: 2 }, declaredSize: 2049 },
    says: '552 5.2.3 channel limit of 2 kilobytes',
    by: 'channels.tcp_local.sourceBlockLimit',
  },
  {
    stage: declaredSize,
    well: { limits: { messageSize: '2KiB', blockLimit: 9 }, declaredSize: 2048 },
    over: { limits: { messageSize: '2KiB', blockLimit: 9 }, declaredSize: 2049 },
    says: '552 5.3.4 Message larger than 2048 octets',
    by: 'limits.messageSize',
  },
  {
    stage: contentSize,
    well: { limits: { blockLimit: 2, blockSize: 10 }, text: x(20) },
    over: { limits: { blockLimit: 2, blockSize: 10 }, text: x(21) },
    says: '552 5.2.3',
    by: 'limits.blockLimit',
  },
  {
    stage: declaredSizeAtDestination,
    well: { destination: { blockLimit: 1 }, declaredSize: 1024 },
    over: { destination: { blockLimit: 1 }, declaredSize: 1025 },
    says: '552 5.2.3',
    by: 'channels.ims-ms.blockLimit',
  },
  {
    stage: sizeAtDestination,
    well: { destination: { blockLimit: 1 }, text: x(1024) },
    over: { destination: { blockLimit: 1 }, text: x(1025) },
    says: '552 5.2.3',
    by: 'channels.ims-ms.blockLimit',
  },
  {
    stage: sizeAtDestination,
    well: { destination: { lineLimit: 2 }, limits: { lineLimit: 3 }, text: 'a\r\nb\r\n' },
    over: { destination: { lineLimit: 2 }, limits: { lineLimit: 3 }, text: 'a\r\nb\r\nc' },
    says: '552 5.2.3 channel limit of 2 lines',
    by: 'channels.ims-ms.lineLimit',
  },
  {
    stage: sizeAtDestination,
    well: { destination: { lineLimit: 9 }, limits: { lineLimit: 1 }, text: 'a\r\n' },
    over: { destination: { lineLimit: 9 }, limits: { lineLimit: 1 }, text: 'a\r\nb' },
    says: '552 5.2.3 channel limit of 1 lines',
    by: 'limits.lineLimit',
  },
  {
    stage: longLines,
    well: { channel: { longLines: 'reject' }, text: x(998) },
    over: { channel: { longLines: 'reject' }, text: x(999) },
    says: '550 5.6.0',
    by: 'channels.tcp_local.longLines',
  },
  {
    stage: holdLimit,
    well: { channel: { holdLimit: 3 }, acceptedCommands: 3 },
    over: { channel: { holdLimit: 3 }, acceptedCommands: 4 },
    says: 'hold',
    by: 'channels.tcp_local.holdLimit',
  },
  {
    stage: loopCount,
    well: { text: received('by mx.example.org', 10) },
    over: { text: received('by mx.example.org', 11) },
    says: 'hold mail loop: 11 Received: fields naming mx.example.org, more than 10',
    by: 'limits.localReceived',
  },
  {
    stage: loopCount,
    well: {
      limits: { localReceived: 1 },
      text: received('by mx.example.org', 1) + received('by other.mx.example.org', 9),
    },
    over: {
      limits: { localReceived: 1 },
      text: received('by MX.example.org', 1) + received('from mx.example.org by x', 1),
    },
    says: 'hold mail loop: 2 Received: fields naming mx.example.org, more than 1',
    by: 'limits.localReceived',
  },
  {
    stage: loopCount,
    well: { text: received('by x', 50) },
    over: { text: received('by x', 51) },
    says: 'hold mail loop: 51 Received: fields, more than 50',
    by: 'limits.received',
  },
  {
    stage: loopCount,
    well: { text: received('by x', 20, 'MR-Received') },
    over: { text: received('by x', 21, 'MR-Received') },
    says: 'hold mail loop: 21 MR-Received: fields, more than 20',
    by: 'limits.mrReceived',
  },
  {
    stage: loopCount,
    well: { text: received('by x', 40) + received('by x', 20, 'mr-received') + received('by x', 40, 'X400-Received') },
    over: { text: received('by x', 41) + received('by x', 20, 'mr-received') + received('by x', 40, 'X400-Received') },
    says: 'hold mail loop: 101 Received:, MR-Received: and X400-Received: fields, more than 100',
    by: 'limits.totalReceived',
  },
]

for (const { stage, well, over, says, by } of rows)
  test(`${stage.name}: ${JSON.stringify(over)} is ${says} by ${by}`, () => {
    assert.equal(judge(stage, well).verdict.do, 'pass')
    const { verdict, by: decided } = judge(stage, over)
    assert.ok(verdict.do === 'refuse' || verdict.do === 'hold')
    const said = verdict.do === 'refuse' ? describeReply(verdict.reply) : `hold ${verdict.reason}`
    assert.ok(said.startsWith(says), said)
    assert.deepEqual(decided, { by: 'default', setting: by, value: '' })
  })

test('a loop that is found is told to the operator where held_sndopr asks for it', () => {
  const { run } = loopCount
  assert.ok(run !== undefined)
  const asked = run(contextOf({ limits: { heldAlarm: true }, text: received('by mx.example.org', 11) }))
  const { value } = asked.next()
  assert.ok(value !== undefined && 'ask' in value && value.ask === 'note')
  const { kind, text, by, message } = value.note
  assert.deepEqual({ kind, by, message }, { kind: 'loop', by: 'limits.localReceived', message: 'm' })
  assert.match(text, /11 Received: fields naming mx\.example\.org/)
  assert.equal(asked.next(undefined as never).done, true)
})

test('nothing is bounded by a channel that sets no limit', () => {
  const given = {
    counts: { transactions: 999, recipients: 1e6, refusedRecipients: 1e6 },
    text: x(5000),
    presented: 999,
  }
  for (const { stage } of rows) assert.equal(judge(stage, given).verdict.do, 'pass', stage.name)
})

function judge(stage: AnyStage, given: Given) {
  const judged = stage.judge?.(contextOf(given))
  if (judged !== undefined) return judged
  const step = stage.run?.(contextOf(given)).next()
  assert.ok(step?.done === true, `${stage.name} asks something`)
  return step.value
}
