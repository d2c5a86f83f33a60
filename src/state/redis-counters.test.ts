// SPDX-License-Identifier: Apache-2.0
/**
 * The suite of counters, on those in a real Redis. And: two processes share one quota to the last call; a Redis that is
 * away is `defer` at once, and counted on when it is back; its own clock is what counts by default; nothing is kept for
 * ever that has an end.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { type RedisServer, redisMissing, startRedis } from '../../test/peers/redis.ts'
import { type Log, silentLog } from '../monitor/log.ts'
import { countersSuite, tableOf } from './counters.suite.ts'
import type { CounterAnswer, Counters } from './counters.ts'
import { connectRedis } from './redis-client.ts'
import { openRedisCounters } from './redis-counters.ts'

const skip = await redisMissing()
let redis: RedisServer | undefined
let shared: (Counters & AsyncDisposable) | undefined
let now = 1_700_000_000_000

const options = (url: string, log: Log = silentLog) => ({
  url,
  prefix: 'test:',
  timeoutMs: 30_000,
  reconnectMs: 50,
  log,
})

before(async () => {
  if (skip !== false) return
  redis = await startRedis()
  shared = await openRedisCounters({ ...options(redis.url), now: () => now })
})
after(async () => {
  await shared?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})

function keeper() {
  assert.ok(shared !== undefined)
  const advance = (ms: number): void => {
    now += ms
  }
  return { counters: shared, advance }
}
countersSuite('in Redis', keeper, skip)

test('two processes share a quota to the last call', { skip }, async () => {
  assert.ok(redis !== undefined)
  const program = join(import.meta.dirname, 'redis-counters.fixture.ts')
  const { url } = redis
  const run = async (): Promise<{ under: number; over: number }> => {
    const asker = spawn(process.execPath, [...process.execArgv, program, url, '300', '400'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return JSON.parse(await text(asker.stdout))
  }
  const [one, other] = await Promise.all([run(), run()])
  assert.equal(one.under + other.under, 400)
  assert.equal(one.over + other.over, 200)
})

test('by Redis’s own clock; what has an end goes away by itself', { skip }, async () => {
  assert.ok(redis !== undefined)
  await using counters = await openRedisCounters(options(redis.url))
  await using connection = await connectRedis(options(redis.url))
  const kept = async (name: string) => {
    const answer = await connection.command(['PTTL', `test:{${name}}:entries`])
    return answer.kind === 'answer' ? Number(answer.value) : Number.NaN
  }
  const table = tableOf('own-clock', { quota: 1 })
  const ask = (): CounterAnswer | Promise<CounterAnswer> => counters.count({ do: 'throttle', table, key: 'a' })
  assert.deepEqual(await ask(), { kind: 'found', value: 'under' })
  assert.deepEqual(await ask(), { kind: 'found', value: 'over' })
  assert.ok((await kept('own-clock')) > 60_000)
  await counters.count({ do: 'store', table: tableOf('for-good', { windowMs: 0 }), key: 'a', value: '1' })
  assert.equal(await kept('for-good'), -1)
})

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await is())) {
    if (Date.now() > deadline) throw new Error(`${what} for a minute`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('away: defer at once, told once; back: counted on', { skip }, async () => {
  const first = await startRedis()
  const events: string[] = []
  const write = (event: string): void => void events.push(event)
  await using counters = await openRedisCounters(options(first.url, { ...silentLog, error: write, info: write }))
  const table = tableOf('away', { quota: 1 })
  const ask = async () => (await counters.count({ do: 'throttle', table, key: 'a' })).kind
  await until('never there', async () => (await ask()) === 'found')
  events.splice(0)
  await first[Symbol.asyncDispose]()
  await until('still answered', async () => (await ask()) === 'defer')
  await using _second = await startRedis({ port: first.port })
  await until('not back', async () => (await ask()) === 'found')
  assert.deepEqual(events, ['redis.away', 'redis.back'])
})

test('nobody there at the start: it starts, and defers', { skip }, async () => {
  await using counters = await openRedisCounters(options('redis://127.0.0.1:1'))
  const answer = await counters.count({ do: 'fetch', table: tableOf('t'), key: 'a' })
  assert.equal(answer.kind, 'defer')
  assert.deepEqual(counters.check?.(), { name: 'counts', ok: false, detail: 'Redis is away' })
})

test('a server that never says anything does not hold a start up', { skip }, async () => {
  const mute = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const address = mute.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  {
    await using counters = await openRedisCounters({ ...options(`redis://127.0.0.1:${port}`), timeoutMs: 50 })
    assert.equal((await counters.count({ do: 'fetch', table: tableOf('t'), key: 'a' })).kind, 'defer')
  }
  mute.close()
  await once(mute, 'close')
})

test('a wrong password: defer', { skip }, async () => {
  await using guarded = await startRedis({ password: 'secret' })
  const ask = async (url: string) => {
    await using counters = await openRedisCounters(options(url))
    return (await counters.count({ do: 'throttle', table: tableOf('t'), key: 'a' })).kind
  }
  assert.equal(await ask(guarded.url), 'found')
  assert.equal(await ask(`redis://:wrong@127.0.0.1:${guarded.port}`), 'defer')
})
