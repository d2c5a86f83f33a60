// SPDX-License-Identifier: Apache-2.0
/**
 * The guards on the wire: under load a stranger hears 421 before anything was spent on him, with a full disk every
 * client hears 452 at MAIL or at the end of content, and the traces name the setting.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Host } from '../../src/ask/ask.ts'
import { NO_PRESSURE, type Pressure } from '../../src/ask/pressure.ts'
import { Peer } from './peer.ts'
import { directory, type FixtureOptions, startFixture } from './server-fixture.ts'

function under(pressure: () => Partial<Pressure>, options: FixtureOptions = {}) {
  const host: Omit<Host, 'queue.commit' | 'slot.claim' | 'client.early'> = {
    ...directory(),
    pressure: () => ({ ...NO_PRESSURE, ...pressure() }),
  }
  return startFixture({ ...options, deps: { host, ...options.deps } })
}

/** The code of each reply. */
async function converse(peer: Peer, lines: readonly string[]): Promise<readonly string[]> {
  const codes: string[] = []
  for (const line of lines) {
    await peer.send(Buffer.from(`${line}\r\n`))
    codes.push((await peer.reply()).code)
  }
  return codes
}

const HELLO = ['EHLO client.example']
const ENVELOPE = ['MAIL FROM:<a@example.net> SIZE=500', 'RCPT TO:<kim@example.org>', 'DATA']

for (const service of ['smtp', 'submissions'] as const)
  test(`under load a stranger is refused at once: ${service}`, async () => {
    const claims: string[] = []
    const slots = {
      claim: (address: string) => {
        claims.push(address)
        return { answer: { granted: true } as const, release: () => {} }
      },
    }
    const load = { level: 'full', cause: 'memory', detail: 'test' } as const
    await using fixture = await under(() => ({ load }), {
      service,
      config: [['listeners.test.proxies', '[127.0.0.1/32]']],
      deps: { slots },
    })
    await using peer = await Peer.connect(fixture.port)
    await peer.send(Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\n'))
    const rest = await peer.rest()
    // Under implicit TLS nothing can be said without a handshake.
    assert.equal(rest, service === 'smtp' ? '421 4.3.2 Server is busy, try again later\r\n' : '')
    assert.deepEqual(claims, [])
    const [trace] = fixture.traces()
    assert.equal(trace?.client.address, '192.0.2.1')
    assert.equal(trace?.outcome, 'deferred')
    assert.deepEqual(
      trace?.steps.map(({ stage, by }) => [stage, 'setting' in by ? by.setting : '']),
      [['load', 'limits.memory']],
    )
  })

test('with a full disk MAIL is put off, and a declared size that does not fit', async () => {
  let free = 1000
  await using fixture = await under(() => ({ bytes: { free, keep: 1000, low: free < 1000 } }))
  await using peer = await Peer.connect(fixture.port)
  await peer.reply()
  assert.deepEqual(await converse(peer, [...HELLO, 'MAIL FROM:<a@example.net> SIZE=1']), ['250', '452'])
  free = 1499
  assert.deepEqual(await converse(peer, ['MAIL FROM:<a@example.net> SIZE=500']), ['452'])
  free = 1500
  assert.deepEqual(await converse(peer, ENVELOPE), ['250', '250', '354'])
  // It fills up while the content comes.
  free = 999
  assert.deepEqual(await converse(peer, ['Subject: x\r\n\r\nhello\r\n.']), ['452'])
  free = 5000
  assert.deepEqual(await converse(peer, [...ENVELOPE, 'Subject: x\r\n\r\nhello\r\n.']), ['250', '250', '354', '250'])
  assert.equal((await fixture.queued()).length, 1)
  const decided = fixture.traces().map(({ outcome, steps }) => {
    const last = steps.findLast(({ result }) => result === 'defer')
    return [outcome, last?.stage, last !== undefined && 'setting' in last.by ? last.by.setting : '']
  })
  assert.deepEqual(decided, [
    ['deferred', 'free space', 'limits.freeSpace'],
    ['deferred', 'free space', 'limits.freeSpace'],
    ['deferred', 'free space left', 'limits.freeSpace'],
    ['queued', undefined, ''],
  ])
})
