// SPDX-License-Identifier: Apache-2.0
/**
 * The suite of counters, on those in memory. And on disk: what was counted is there after a restart, aged by the time
 * between; a damaged file is put aside; a disk that fails stops nothing.
 */
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import { type Log, silentLog } from '../monitor/log.ts'
import { countersSuite, tableOf } from './counters.suite.ts'
import type { CounterRequest, Counters } from './counters.ts'
import { openCounters } from './counters-file.ts'
import { EmbeddedCounters } from './embedded-counters.ts'
import { linkedCounters } from './linked-counters.ts'

countersSuite(
  'in memory',
  () => {
    const clock = new ManualClock()
    return { counters: new EmbeddedCounters(clock), advance: (ms) => clock.advance(ms) }
  },
  false,
)

countersSuite(
  'over a link',
  () => {
    const clock = new ManualClock()
    const owner = new EmbeddedCounters(clock)
    // As it travels: a line of JSON each way.
    const counters = linkedCounters(async (request) =>
      JSON.parse(JSON.stringify(owner.count(JSON.parse(JSON.stringify(request))))),
    )
    return { counters, advance: (ms) => clock.advance(ms) }
  },
  false,
)

test('over a link that is gone: defer', async () => {
  const counters = linkedCounters(() => Promise.reject(new Error('the process at the other end is gone')))
  const answer = await counters.count({ do: 'query', table: tableOf('t'), key: 'a' })
  assert.deepEqual(answer, { kind: 'defer', cause: 'the process at the other end is gone' })
})

const journals = async (path: string): Promise<readonly string[]> =>
  (await readdir(dirname(path))).filter((name) => name.includes('.journal.')).map((name) => join(dirname(path), name))

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const made = await mkdtemp(join(tmpdir(), 'postern-counters-'))
  return { path: join(made, 'counters'), [Symbol.asyncDispose]: () => rm(made, { recursive: true }) }
}

const recording = (events: string[]): Log => ({ ...silentLog, error: (event) => void events.push(event) })

test('counts outlive the process, as old as they are by then', async () => {
  await using f = await folder()
  const clock = new ManualClock()
  const table = tableOf('t', { quota: 1 })
  const forever = tableOf('values', { windowMs: 0 })
  const open = () => openCounters({ path: f.path, saveMs: () => 30_000, clock, log: silentLog })
  {
    await using counters = await open()
    await counters.count({ do: 'throttle', table, key: 'a' })
    await counters.count({ do: 'store', table: forever, key: 'k', value: 'ü:1' })
    await counters.count({ do: 'throttle', table, key: 'gone' })
    await counters.count({ do: 'remove', table, key: 'gone' })
  }
  assert.doesNotMatch(await readFile(f.path, 'utf8'), /gone/)
  clock.advance(30_000)
  {
    await using counters = await open()
    assert.deepEqual(await counters.count({ do: 'query', table, key: 'a' }), { kind: 'found', value: 'over' })
    assert.deepEqual(await counters.count({ do: 'fetch', table: forever, key: 'k' }), { kind: 'found', value: 'ü:1' })
  }
  // Time between two runs is taken from the wall clock.
  clock.jump(30_000)
  {
    await using counters = await open()
    assert.deepEqual(await counters.count({ do: 'query', table, key: 'a' }), { kind: 'found', value: 'under' })
  }
  clock.jump(-3_600_000)
  await using counters = await open()
  assert.deepEqual(await counters.count({ do: 'fetch', table: forever, key: 'k' }), { kind: 'found', value: 'ü:1' })
})

test('what is kept outlives a crash, the rest waits for the next save', async () => {
  await using f = await folder()
  const clock = new ManualClock()
  const open = () => openCounters({ path: f.path, saveMs: () => 30_000, clock, log: silentLog })
  const kept = tableOf('kept', { quota: 1, kept: true })
  const memory = { name: 'memory', maxEntries: 10, kept: true } as const
  const claim = (key: string) => ({ do: 'claim', table: memory, key, by: 'one', forMs: 60_000 }) as const
  const said = async (counters: Counters, request: CounterRequest) => {
    const answer = await counters.count(request)
    return answer.kind === 'found' ? answer.value : answer.kind
  }
  {
    const counters = await open()
    await Promise.all(['a', 'b', 'c'].map((key) => counters.count({ do: 'throttle', table: kept, key })))
    await counters.count({ do: 'throttle', table: tableOf('t', { quota: 1 }), key: 'a' })
    for (const key of ['known', 'given up', 'claimed']) await counters.count(claim(key))
    await counters.count({ do: 'know', table: memory, key: 'known', forMs: 60_000 })
    await counters.count({ do: 'unclaim', table: memory, key: 'given up', by: 'one' })
    // Nobody disposes of it: the process was killed. What the disk has of its last line is torn.
  }
  const [journal = ''] = await journals(f.path)
  await appendFile(journal, '["kept","torn",')
  clock.advance(20_000)
  {
    const counters = await open()
    for (const key of ['a', 'b', 'c'])
      assert.equal(await said(counters, { do: 'query', table: kept, key }), 'over', key)
    assert.equal(await said(counters, { do: 'query', table: tableOf('t', { quota: 1 }), key: 'a' }), 'under')
    const two = (key: string) => said(counters, { ...claim(key), by: 'two' })
    assert.deepEqual([await two('known'), await two('claimed'), await two('given up')], ['known', 'busy', 'free'])
    assert.equal((await journals(f.path)).length, 2)
    // A save has all of it, and the journals before it go.
    await counters[Symbol.asyncDispose]()
    assert.deepEqual(await journals(f.path), [])
  }
  clock.jump(39_999)
  {
    const counters = await open()
    assert.equal(await said(counters, { do: 'query', table: kept, key: 'a' }), 'over')
  }
  clock.jump(1)
  await using counters = await open()
  assert.equal(await said(counters, { do: 'query', table: kept, key: 'a' }), 'under')
})

for (const [what, text] of [
  ['not JSON', 'x\n'],
  ['another version', '{"counters":9,"savedAt":1}\n'],
  ['a line that is no entry', '{"counters":1,"savedAt":1}\n["t","k",1]\n'],
  ['cut short', '{"counters":1,"savedAt":1}\n["t","k",1,"1"]\n["t","l'],
] as const)
  test(`a file that is ${what} is put aside, and counting begins anew`, async () => {
    await using f = await folder()
    await writeFile(f.path, text)
    const events: string[] = []
    await using counters = await openCounters({
      path: f.path,
      saveMs: () => 1000,
      clock: new ManualClock(),
      log: recording(events),
    })
    assert.deepEqual(events, ['counters.damaged'])
    assert.equal(await readFile(`${f.path}.damaged`, 'utf8'), text)
    assert.equal((await counters.count({ do: 'throttle', table: tableOf('t'), key: 'k' })).kind, 'found')
  })

test('a disk that takes nothing is told, and counting goes on', async () => {
  const events: string[] = []
  const path = join(tmpdir(), 'postern-no-such-folder', 'counters')
  {
    await using counters = await openCounters({
      path,
      saveMs: () => 1000,
      clock: new ManualClock(),
      log: recording(events),
    })
    await counters.count({ do: 'throttle', table: tableOf('t'), key: 'k' })
    assert.equal(counters.check?.().ok, true)
    await counters[Symbol.asyncDispose]()
    assert.match(counters.check?.().detail ?? '', /ENOENT/)
  }
  assert.equal(events[0], 'counters.not-saved')
})
