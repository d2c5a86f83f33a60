// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: what filters decide of a message that came over a real connection, and what the client hears of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../../src/address/address.ts'
import type { Host } from '../../src/ask/ask.ts'
import type { RecipientFilters } from '../../src/ask/filters.ts'
import { filterEngine } from '../../src/config/site-filters.ts'
import { fate } from '../../src/policy/filters/fate.ts'
import { eventually } from '../interop/site.ts'
import { Peer } from './peer.ts'
import { directory, type Fixture, type FixtureOptions, makeRevision, startFixture } from './server-fixture.ts'
import { codes, ENVELOPE, send } from './talk.ts'

interface Site {
  readonly mta?: string
  readonly personal?: string
  readonly settings?: FixtureOptions['config']
  readonly host?: Partial<Host>
}

async function withFilters({ mta, personal, settings, host }: Site): Promise<Fixture> {
  const plain = makeRevision(settings)
  const { engine, limits } = filterEngine()
  const compiled = mta === undefined ? undefined : engine.compile(mta, { name: 'filters/mta.sieve', level: 'system' })
  if (compiled !== undefined) assert.ok(compiled.ok, JSON.stringify(compiled.diagnostics))
  const program = compiled?.program
  const filters = {
    engine,
    limits,
    source: new Map(),
    destination: new Map(),
    global: new Map(),
    lists: new Map(),
    ...(program ? { mta: program } : {}),
  }
  const kept = (user: string): RecipientFilters => ({
    addresses: [user as MailAddress],
    personal: personal === undefined ? [] : [personal],
    domain: [],
  })
  return await startFixture({
    deps: {
      revision: () => ({ ...plain, filters }),
      host: {
        ...directory(),
        'directory.filters': ({ user }) => ({ kind: 'found', value: kept(user) }),
        ...host,
      },
    },
  })
}

const MESSAGE = 'From: ann@example.net\r\nTo: kim@example.org\r\nSubject: Hello\r\n\r\nText\r\n'

/** The code of the reply to the content. */
async function deliver(fixture: Fixture, content = MESSAGE): Promise<string | undefined> {
  await using peer = await Peer.connect(fixture.port)
  await send(peer, `${ENVELOPE}DATA\r\n`)
  assert.deepEqual(await codes(peer, 5), ['220', '250', '250 2.1.0', '250 2.1.5', '354'])
  await send(peer, `${content}.\r\nNOOP\r\n`)
  const [answer, alive] = await codes(peer, 2)
  assert.equal(alive, '250 2.0.0')
  assert.equal(fixture.faults(), 0)
  return answer
}

for (const { name, site, want, queued } of [
  { name: 'no script decides', site: { mta: 'stop;' }, want: '250 2.0.0', queued: ['inbox'] },
  { name: '(a)', site: { personal: 'keep;', mta: 'discard;' }, want: '250 2.0.0', queued: ['inbox'] },
  { name: '(b)', site: { personal: 'keep;', mta: 'jettison;' }, want: '250 2.0.0', queued: ['jettison'] },
  { name: '(d)', site: { personal: 'discard;', mta: 'keep;' }, want: '250 2.0.0', queued: ['discard'] },
  { name: 'refused by the MTA', site: { mta: 'refuse "no";' }, want: '550 5.7.1', queued: [] },
  { name: 'refused by the user', site: { personal: 'require "reject"; reject "no";' }, want: '550 5.7.1', queued: [] },
  { name: 'held', site: { mta: 'hold;' }, want: '250 2.0.0', queued: ['inbox'] },
  {
    name: 'the MTA’s script fails',
    site: { mta: 'require "variables"; set "a" "no"; redirect "${a}";' },
    want: '451 4.3.0',
    queued: [],
  },
  {
    name: 'filed by what stands in the message',
    site: { personal: 'require ["fileinto", "body"]; if body :contains "text" { fileinto "A"; }' },
    want: '250 2.0.0',
    queued: ['into A'],
  },
] as readonly { name: string; site: Site; want: string; queued: readonly string[] }[])
  test(`at the end of the content: ${name}`, async () => {
    await using fixture = await withFilters(site)
    assert.equal(await deliver(fixture), want)
    const messages = await fixture.queued()
    const recipients = messages.flatMap(({ envelope }) => envelope.recipients)
    assert.deepEqual(recipients.map(fate), queued)
    assert.equal(
      messages.some(({ envelope }) => envelope.hold !== undefined),
      name === 'held',
    )
  })

test('the content is that of the message at hand, in chunks and after another message', async () => {
  await using fixture = await withFilters({ mta: 'if header "subject" "Hello" { refuse "no"; }' })
  await using peer = await Peer.connect(fixture.port)
  await send(peer, `${ENVELOPE}BDAT 12\r\nSubject: Hel`)
  await codes(peer, 5)
  await send(peer, 'BDAT 10 LAST\r\nlo\r\n\r\nText')
  assert.deepEqual(await codes(peer, 1), ['550 5.7.1'])
  await send(peer, 'MAIL FROM:<s@example.net>\r\nRCPT TO:<kim@example.org>\r\nBDAT 18 LAST\r\nSubject: Bye\r\n\r\nTx')
  assert.deepEqual(await codes(peer, 3), ['250 2.1.0', '250 2.1.5', '250 2.0.0'])
})

test('messages that filters look at have one memory: others wait their turn, and none is lost', async () => {
  const waiting: (() => void)[] = []
  let atOnce = 0
  await using fixture = await withFilters({
    mta: 'require "duplicate"; if duplicate :uniqueid "one" { discard; }',
    settings: [
      ['filters.content', '64KiB'],
      ['filters.memory', '150KiB'],
    ],
    host: {
      async 'memory.claim'() {
        atOnce++
        await new Promise<void>((resolve) => waiting.push(resolve))
        atOnce--
        return { kind: 'absent' }
      },
    },
  })
  // Scripts see 64 KiB of each.
  const large = `${MESSAGE}${'x'.repeat(998)}\r\n`.padEnd(100_000, `${'y'.repeat(70)}\r\n`)
  const replies = Array.from({ length: 5 }, () => deliver(fixture, `${large}\r\n`))
  for (let done = 0; done < replies.length; done++) {
    await eventually('a message in a script', () => (waiting.length > 0 ? true : undefined))
    // Nobody comes beside two of them, however long one waits.
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok(atOnce <= 2, `${atOnce} at one time`)
    waiting.shift()?.()
  }
  assert.deepEqual(new Set(await Promise.all(replies)), new Set(['250 2.0.0']))
  assert.equal((await fixture.queued()).length, 5)
})
