// SPDX-License-Identifier: Apache-2.0
/**
 * Bounds on time, on places and on guessing, and what happens when others fail: by a clock that the tests turn, so that
 * nothing here depends on how fast the machine is.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ManualClock } from '../../src/clock/clock.ts'
import { filterEngine } from '../../src/config/site-filters.ts'
import type { RuleStore } from '../../src/directory/rule-store.ts'
import { scriptChecker } from '../../src/managesieve/script-checker.ts'
import { Client } from './client.ts'
import { type Fixture, MemoryRules, startFixture } from './fixture.ts'

const MINUTE = 60_000
const plain = (password: string): string => Buffer.from(`\0kim\0${password}`).toString('base64')
const LOOSE = [
  ['managesieve.requireTls', 'false'],
  ['sasl.plaintextOnLoopback', 'true'],
] as const

async function greeted(fixture: Fixture): Promise<Client> {
  const client = await Client.connect(fixture.port)
  assert.equal((await client.reply()).is, 'OK')
  return client
}

async function signedIn(fixture: Fixture): Promise<Client> {
  const client = await greeted(fixture)
  assert.equal((await client.ask(`AUTHENTICATE "PLAIN" "${plain('secret')}"`)).is, 'OK')
  return client
}

async function until(done: () => boolean, complaint: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !done(); await pause(2)) assert.ok(Date.now() < deadline, complaint)
}

test('sign-in has signInTimeout in all, whatever is said meanwhile', async () => {
  const clock = new ManualClock()
  await using fixture = await startFixture({ clock, config: LOOSE })
  await using client = await greeted(fixture)
  for (let i = 0; i < 4; i++) {
    clock.advance(0.45 * MINUTE)
    assert.equal((await client.ask('NOOP')).is, 'OK')
  }
  await client.send('NOO')
  clock.advance(0.3 * MINUTE)
  assert.equal((await client.reply()).is, 'BYE')
  assert.equal(await client.rest(), '')
})

test('who has signed in may be silent for half an hour (RFC 5804 §1.2), and a command has to come whole in it', async () => {
  const clock = new ManualClock()
  await using fixture = await startFixture({ clock, config: LOOSE })
  await using client = await signedIn(fixture)
  for (let i = 0; i < 3; i++) {
    clock.advance(29.9 * MINUTE)
    assert.equal((await client.ask('NOOP')).is, 'OK')
  }
  await client.send('PUTSCRIPT "a" {100+}\r\nkeep;')
  clock.advance(30.1 * MINUTE)
  assert.equal((await client.reply()).is, 'BYE')
  assert.equal(await client.rest(), '')
  assert.deepEqual(fixture.values(), [])
})

test('signed out, the time to sign in begins anew', async () => {
  const clock = new ManualClock()
  await using fixture = await startFixture({ clock, config: LOOSE })
  await using client = await signedIn(fixture)
  clock.advance(20 * MINUTE)
  assert.equal((await client.ask('UNAUTHENTICATE')).is, 'OK')
  clock.advance(1.9 * MINUTE)
  assert.equal((await client.ask('NOOP')).is, 'OK')
  clock.advance(0.2 * MINUTE)
  assert.equal((await client.reply()).is, 'BYE')
})

test('each failed sign-in waits longer for its answer, and is in the log without the password', async () => {
  const clock = new ManualClock()
  const config = [...LOOSE, ['managesieve.failureDelay', '2s'], ['managesieve.signInTimeout', '1h']] as const
  await using fixture = await startFixture({ clock, config })
  await using client = await greeted(fixture)
  for (const seconds of [2, 4]) {
    await client.send(`AUTHENTICATE "PLAIN" "${plain('guessed')}"\r\n`)
    const answered = client.reply()
    let here = false
    const waiting = answered.then(() => {
      here = true
    })
    // A second at a time, as long as it takes for the session to have begun its wait.
    let turned = 0
    while (!here) {
      clock.advance(1000)
      turned++
      await pause(1)
    }
    await waiting
    assert.ok(turned >= seconds, `answered after ${turned} s, ${seconds} were due`)
    assert.equal((await answered).is, 'NO')
  }
  const failed = fixture.events.filter(({ event }) => event === 'managesieve.sign-in-failed')
  assert.deepEqual(
    failed.map(({ fields }) => fields['failures']),
    [1, 2],
  )
  assert.doesNotMatch(JSON.stringify(fixture.events), /guessed/)
})

test('one address has so many places, and hears why it gets no more', async () => {
  await using fixture = await startFixture({ config: [['managesieve.connectionsPerAddress', '2']] })
  const clients = [await greeted(fixture), await greeted(fixture)]
  await using third = await Client.connect(fixture.port)
  const { is, code } = await third.reply()
  assert.deepEqual([is, code], ['BYE', 'TRYLATER'])
  assert.equal(await third.rest(), '')
  assert.deepEqual(
    fixture.events.map(({ event }) => event),
    ['managesieve.refused-connections'],
  )
  await clients[0]?.ask('LOGOUT')
  await until(() => fixture.server.connections() === 1, 'the place comes free')
  await using again = await greeted(fixture)
  assert.equal((await again.ask('NOOP')).is, 'OK')
  for (const client of clients) await client[Symbol.asyncDispose]()
})

test('a client that went away leaves nothing behind', async () => {
  await using fixture = await startFixture({ config: LOOSE })
  const client = await signedIn(fixture)
  await client.send('PUTSCRIPT "a" {1000+}\r\nkeep;')
  await client[Symbol.asyncDispose]()
  await until(() => fixture.server.connections() === 0, 'the session ends')
  assert.deepEqual(fixture.values(), [])
})

test('somebody else stores at the same time: the change is made on what is there then', async () => {
  const store = new MemoryRules([])
  let meanwhile = 2
  const rules: RuleStore = {
    rules: (user) => store.rules(user),
    async replace(user, values, state) {
      if (meanwhile-- > 0) store.push(`# $Rule Info: Order=0 Name=other${meanwhile}\nkeep;`)
      return await store.replace(user, values, state)
    },
  }
  await using fixture = await startFixture({ config: LOOSE, deps: { rules } })
  await using client = await signedIn(fixture)
  assert.equal((await client.ask('PUTSCRIPT "mine" "keep;"')).is, 'OK')
  assert.deepEqual((await client.ask('LISTSCRIPTS')).before, ['"other1"', '"other0"', '"mine"'])
  meanwhile = 1000
  const { is, code } = await client.ask('SETACTIVE "mine"')
  assert.deepEqual([is, code], ['NO', 'TRYLATER'])
})

for (const { name, answer, want } of [
  { name: 'is away', answer: { kind: 'defer', cause: 'secret address of the server' } as const, want: 'TRYLATER' },
  { name: 'refuses', answer: { kind: 'refused', why: 'no such user' } as const, want: '' },
])
  test(`a directory that ${name} when a script is to be stored`, async () => {
    const rules: RuleStore = { rules: (user) => new MemoryRules([]).rules(user), replace: async () => answer }
    await using fixture = await startFixture({ config: LOOSE, deps: { rules } })
    await using client = await signedIn(fixture)
    const { is, code, text } = await client.ask('PUTSCRIPT "a" "keep;"')
    assert.deepEqual([is, code], ['NO', want])
    assert.doesNotMatch(text, /address/)
  })

test('a directory that cannot be read is not an empty one', async () => {
  const rules: RuleStore = {
    rules: async () => ({ kind: 'defer', cause: 'away' }),
    replace: async () => assert.fail('nothing may be written'),
  }
  await using fixture = await startFixture({ config: LOOSE, deps: { rules } })
  await using client = await signedIn(fixture)
  for (const line of ['LISTSCRIPTS', 'GETSCRIPT "a"', 'PUTSCRIPT "a" "keep;"', 'HAVESPACE "a" 5'])
    assert.equal((await client.ask(line)).code, 'TRYLATER', line)
})

test('all that the directory keeps of one person is a quota too', async () => {
  const large = `#${'x'.repeat(60_000)}\n`
  const rules = Array.from({ length: 4 }, (_, i) => `# $Rule Info: Order=0 Name=s${i}\n${large}`)
  await using fixture = await startFixture({ config: LOOSE, rules })
  await using client = await signedIn(fixture)
  assert.equal((await client.ask('HAVESPACE "t" 30000')).code, 'QUOTA')
  await client.send(`PUTSCRIPT "t" {30000+}\r\n#${'y'.repeat(29_998)}\n\r\n`)
  assert.equal((await client.reply()).code, 'QUOTA')
  assert.equal((await client.ask('PUTSCRIPT "t" "keep;"')).is, 'OK')
})

test('a bug of ours ends one session and no other', async () => {
  const rules: RuleStore = {
    rules: async () => {
      throw new Error('a bug for tests')
    },
    replace: async () => ({ kind: 'stored' }),
  }
  await using fixture = await startFixture({ config: LOOSE, deps: { rules } })
  await using other = await greeted(fixture)
  await using client = await signedIn(fixture)
  const { is, code, text } = await client.ask('LISTSCRIPTS')
  assert.deepEqual([is, code, text], ['BYE', 'TRYLATER', 'Internal error'])
  assert.equal(await client.rest(), '')
  assert.equal((await other.ask('NOOP')).is, 'OK')
})

test('a client that does not read is not waited for in the end', async () => {
  const clock = new ManualClock()
  const script = `#${'x'.repeat(30_000)}\n`
  await using fixture = await startFixture({
    clock,
    config: LOOSE,
    rules: [`# $Rule Info: Order=0 Name=a\n${script}`],
  })
  const client = await signedIn(fixture)
  client.pause()
  await client.send('GETSCRIPT "a"\r\n'.repeat(2000))
  // Time passes as long as the session has not given up; each step is shorter than any of its waits.
  for (const deadline = Date.now() + 20_000; fixture.server.connections() > 0; await pause(2)) {
    assert.ok(Date.now() < deadline, 'the session never gave up')
    clock.advance(10_000)
  }
  await client[Symbol.asyncDispose]()
})

test('handshakes that fail, and octets that are none of this protocol, leave the server well', async () => {
  await using fixture = await startFixture({})
  for (const noise of [
    Buffer.from('GET / HTTP/1.0\r\n\r\n'),
    Buffer.alloc(200_000, 0xff),
    Buffer.alloc(100_000, '\r\n'),
  ]) {
    await using client = await greeted(fixture)
    assert.equal((await client.ask('STARTTLS')).is, 'OK')
    await client.send(noise)
    assert.equal(await client.rest().then(() => 'closed'), 'closed')
    await using raw = await greeted(fixture)
    await raw.send(noise)
    raw.shut()
    await raw.rest()
  }
  await until(() => fixture.server.connections() === 0, 'the sessions end')
  await using client = await greeted(fixture)
  assert.equal((await client.ask('NOOP')).is, 'OK')
  assert.deepEqual(
    fixture.events.filter(({ event }) => event === 'managesieve.fault'),
    [],
  )
})

test('what is allowed and looks wrong is stored, and told of (RFC 5804 §1.3, WARNINGS)', async () => {
  const { engine, limits } = filterEngine()
  const checker = { ...scriptChecker({ engine, limits }), check: () => ({ errors: '', warnings: 'line 1: odd' }) }
  await using fixture = await startFixture({ config: LOOSE, deps: { checker: () => checker } })
  await using client = await signedIn(fixture)
  for (const line of ['CHECKSCRIPT "keep;"', 'PUTSCRIPT "a" "keep;"']) {
    const { is, code, text } = await client.ask(line)
    assert.deepEqual([is, code, text], ['OK', 'WARNINGS', 'line 1: odd'])
  }
  assert.deepEqual(fixture.values(), ['# $Rule Info: Order=0 Name=a\nkeep;'])
})
