// SPDX-License-Identifier: Apache-2.0
/** Proves: probes and flags of IP_ACCESS and DEQUEUE_ACCESS, spec access-control.md 10. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive } from '../../ask/ask.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import type { MessageId, SessionId } from '../../envelope/message-id.ts'
import { mailAddress, recordingHost, revisionOf } from './fixture.ts'
import { type ConnectionAttempt, dequeueAccess, ipAccess } from './outgoing.ts'

const OUT = 'tcp_local' as ChannelName
const ATTEMPT: ConnectionAttempt = { channel: OUT, current: 1, count: 3, address: '192.0.2.9', hostname: 'mx.c.test' }

function ask(rows: string, attempt = ATTEMPT) {
  const asking = ipAccess(revisionOf({ mappings: rows === '' ? '' : `IP_ACCESS\n\n${rows}` }), attempt)
  const verdict = drive(asking, recordingHost().host)
  assert.ok(!(verdict instanceof Promise))
  return verdict
}

for (const [rows, says] of [
  ['', undefined],
  ['  tcp_local|1|3|192.0.2.9|mx.c.test  $Y\n', 'connect'],
  ['  nothing  $N\n', 'connect'],
  ['  *|*|*|*|*.c.test  $Nnot$ there\n', 'fail not there'],
  ['  *|*|*|$(192.0.2.0/24)|*  $I\n', 'skip'],
  ['  *|*|*|192.0.2.9|*  $A198.51.100.1\n', 'connect 198.51.100.1'],
  ['  *|*|*|192.0.2.9|*  $A::ffff:198.51.100.1\n', 'connect 198.51.100.1'],
  ['  *|*|*|192.0.2.9|*  $Anowhere\n', 'connect'],
  ['  *  x$0$0$0$0$0$0$R\n', 'defer'],
] as const)
  test(`spec access-control.md 10, IP_ACCESS: ${rows.trim()}`, () => {
    const verdict = ask(rows, rows.includes('$R') ? { ...ATTEMPT, hostname: 'h'.repeat(250) } : ATTEMPT)
    const shown =
      verdict === undefined
        ? undefined
        : [verdict.do, 'text' in verdict ? verdict.text : 'address' in verdict ? verdict.address : ''].join(' ').trim()
    assert.equal(shown, says)
  })

const ENVELOPE: Envelope = {
  id: 'M' as MessageId,
  reversePath: mailAddress('kim|x@a.test'),
  receivedAt: 0,
  source: OUT,
  origin: { session: 's' as SessionId, protocol: 'ESMTPA', login: 'kim' },
  revision: 'r',
  smtputf8: false,
  body: '7bit',
  size: 1,
  edits: [],
  recipients: [],
}

for (const [rows, againInMs] of [
  ['', undefined],
  ['  *  $Y\n', undefined],
  ['  tcp_local|M|61|kim!x@a.test||kim|normal|c.test  $N\n', 300_000],
  ['  *|c.test  $N$S90\n', 90_000],
  ['  *|c.test  $N$S0\n', 1000],
  ['  *|c.test  $N$Ssoon\n', 300_000],
  ['  *|c.test  $S90\n', undefined],
] as const)
  test(`spec access-control.md 10, DEQUEUE_ACCESS: ${rows.trim()}`, () => {
    const mappings = rows === '' ? '' : `DEQUEUE_ACCESS\n\n${rows}`
    const revision = revisionOf({ mappings, access: { paranoia: 33 } })
    const dequeueing = { channel: OUT, envelope: ENVELOPE, domain: 'c.test', queuedSeconds: 61.7 }
    const put = drive(dequeueAccess(revision, dequeueing), recordingHost().host)
    assert.ok(!(put instanceof Promise))
    assert.equal(put?.againInMs, againInMs)
  })
