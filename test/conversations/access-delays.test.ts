// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: `$D` holds up each reply of a transaction, or the one alone, and nobody else (spec access-control.md 3.2); a
 * server that stops waits for no such delay; lines for the log come out as one line each.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, systemClock } from '../../src/clock/clock.ts'
import { Peer } from './peer.ts'
import { startFixture } from './server-fixture.ts'

const MAPPINGS = `FROM_ACCESS

  *|slow@*|*     1234$D$Y
  *|bad@*|*      1234|no$D$N
  *|once@*|*     -1234$D$Y
  *|log@*|*      seen$ $0$<

ORIG_SEND_ACCESS

  *|fine@*|*|far@*   1234|Not$ there$D$N
`
const ASKED_MS = 12_340

/** Waits of this length are over at once, or never; all others are real. */
function clockOf(waits: number[], over: boolean): Clock {
  return {
    ...systemClock,
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    after(ms, run) {
      if (ms !== ASKED_MS) return systemClock.after(ms, run)
      waits.push(ms)
      if (over) setImmediate(run)
      return () => {}
    },
  }
}

const rows: readonly (readonly [what: string, lines: readonly string[], codes: string, waits: number])[] = [
  [
    'every reply of the transaction',
    ['MAIL FROM:<slow@a.test>', 'RCPT TO:<kim@example.org>', 'NOOP', 'DATA', 'x\r\n.', 'NOOP'],
    '250 250 250 354 250 250',
    5,
  ],
  ['the reply that ends it', ['MAIL FROM:<slow@a.test>', 'RSET', 'NOOP'], '250 250 250', 2],
  ['a refused sender alone', ['MAIL FROM:<bad@a.test>', 'NOOP'], '550 250', 1],
  ['one reply, where it is negative', ['MAIL FROM:<once@a.test>', 'RCPT TO:<kim@example.org>'], '250 250', 1],
  [
    'from the refused recipient on',
    [
      'MAIL FROM:<fine@a.test>',
      'RCPT TO:<kim@example.org>',
      'RCPT TO:<far@example.com>',
      'RCPT TO:<kim@example.org>',
      'DATA',
    ],
    '250 250 550 250 354',
    3,
  ],
  ['nobody else', ['MAIL FROM:<quick@a.test>', 'RCPT TO:<kim@example.org>'], '250 250', 0],
]
for (const [what, lines, codes, count] of rows)
  test(`spec access-control.md 3.2, $D: ${what}`, async () => {
    const waits: number[] = []
    await using fixture = await startFixture({ mappings: MAPPINGS, deps: { clock: clockOf(waits, true) } })
    await using peer = await Peer.connect(fixture.port)
    await peer.reply()
    const got: string[] = []
    for (const line of ['EHLO c', ...lines]) {
      await peer.send(Buffer.from(`${line}\r\n`))
      got.push((await peer.reply()).code)
    }
    assert.equal(got.slice(1).join(' '), codes)
    assert.equal(waits.length, count)
    assert.equal(fixture.faults(), 0)
  })

test('who is held up holds nobody else up, and a server that stops does not wait', async () => {
  const waits: number[] = []
  const fixture = await startFixture({ mappings: MAPPINGS, deps: { clock: clockOf(waits, false) } })
  await using slow = await Peer.connect(fixture.port)
  await slow.reply()
  await slow.send(Buffer.from('EHLO c\r\nMAIL FROM:<slow@a.test>\r\n'))
  // What was said before goes out before the wait.
  assert.equal((await slow.reply()).code, '250')
  await using other = await Peer.connect(fixture.port)
  await other.reply()
  await other.send(Buffer.from('EHLO c\r\nMAIL FROM:<quick@a.test>\r\n'))
  await other.reply()
  assert.equal((await other.reply()).code, '250')
  assert.equal(waits.length, 1)
  await fixture.server.stop(0)
  assert.match(await slow.rest(), /^(?:250[^\r]*\r\n)?(?:421[^\r]*\r\n)?$/)
  assert.equal(fixture.faults(), 0)
})

test('$<: a line for the log, whatever the client said', async () => {
  const notes: string[] = []
  const base = await import('./server-fixture.ts')
  const host = {
    ...base.directory(),
    note: ({ note }: { readonly note: { readonly text: string } }) => {
      notes.push(note.text)
      return undefined
    },
  }
  await using fixture = await startFixture({ mappings: MAPPINGS, deps: { host } })
  await using peer = await Peer.connect(fixture.port)
  await peer.reply()
  await peer.send(Buffer.from('EHLO c\x7fd\r\nEHLO c\r\nMAIL FROM:<log@a.test>\r\n'))
  await peer.reply()
  await peer.reply()
  assert.equal((await peer.reply()).code, '250')
  assert.equal(notes.length, 1)
  // Its argument ends at the first bar, whoever wrote it.
  assert.equal(notes[0], 'seen TCP')
})
