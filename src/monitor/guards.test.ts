// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: each crossing rings once and says when it is over; levels do not flutter; who is a known client, and that
 * nobody can make the server remember more than it wants to.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import type { SessionId } from '../envelope/message-id.ts'
import type { Trace } from '../policy/trace.ts'
import { AUTO_BYTES, AUTO_INODES, type FileSystem, FreeSpace, type FreeSpaceSettings } from './free-space.ts'
import { startGuards } from './guards.ts'
import { KNOWN_MS, KnownClients, MAX_KNOWN } from './known-clients.ts'
import { Load, type LoadSettings, nextLevel } from './load.ts'
import { silentLog } from './log.ts'
import { createMetrics } from './prom-metrics.ts'

const MIB = 1024 * 1024

function recording() {
  const events: string[] = []
  const write = (event: string) => void events.push(event)
  return { events, log: { ...silentLog, warn: write, error: write } }
}

function watched(settings: FreeSpaceSettings = {}) {
  const clock = new ManualClock()
  const { events, log } = recording()
  const state: { now: FileSystem | Error; looks: number } = {
    now: { bytes: { free: 500 * MIB, total: 10_000 * MIB }, inodes: { free: 50_000, total: 1_000_000 } },
    looks: 0,
  }
  const metrics = createMetrics()
  const read = async (): Promise<FileSystem> => {
    state.looks++
    if (state.now instanceof Error) throw state.now
    return state.now
  }
  const space = new FreeSpace({ path: '/spool', settings: () => settings, clock, log, metrics, read })
  const free = async (bytes: number, inodes?: number): Promise<boolean> => {
    const total = { bytes: { free: bytes, total: 10_000 * MIB } }
    state.now = inodes === undefined ? total : { ...total, inodes: { free: inodes, total: 1_000_000 } }
    await space.look()
    return space.low
  }
  return { clock, events, state, metrics, space, free }
}

test('free space: rings once at the crossing, and says once when it is clearly over', async () => {
  const { space, free, events, metrics } = watched()
  assert.deepEqual(space.health, { ok: true, detail: 'not looked at yet' })
  assert.equal(await free(AUTO_BYTES), false)
  assert.equal(await free(AUTO_BYTES - 1), true)
  assert.equal(await free(AUTO_BYTES - 2), true)
  assert.equal(await free(AUTO_BYTES * 1.05), true)
  assert.deepEqual(space.health, { ok: false, detail: '105.0 MiB free, 100.0 MiB kept free' })
  assert.match(await metrics.text(), /^postern_alarm_free_space 1$/m)
  assert.equal(await free(AUTO_BYTES * 1.1), false)
  assert.match(await metrics.text(), new RegExp(`^postern_spool_free_bytes ${AUTO_BYTES * 1.1}$`, 'm'))
  assert.equal(await free(AUTO_BYTES), false)
  assert.deepEqual(events, ['alarm.free-space', 'alarm.free-space.over'])
})

test('free space: inodes count where the file system counts them', async () => {
  const { space, free, events } = watched()
  assert.equal(await free(500 * MIB, AUTO_INODES - 1), true)
  assert.equal(space.left.inodes?.low, true)
  assert.match(space.health.detail, /; 999 inodes free, 1000 kept free$/)
  assert.equal(await free(500 * MIB), false)
  assert.equal(space.left.inodes, undefined)
  assert.deepEqual(events, ['alarm.free-space', 'alarm.free-space.over'])
})

test('free space: settings', async () => {
  assert.equal(await watched({ freeSpace: 600 * MIB }).free(599 * MIB), true)
  assert.equal(await watched({ freeSpace: 0, freeInodes: 0 }).free(0, 0), false)
  const small = watched()
  small.state.now = { bytes: { free: 2 * MIB, total: 16 * MIB } }
  await small.space.look()
  assert.equal(small.space.left.bytes?.keep, Math.floor(1.6 * MIB))
  assert.equal(small.space.low, false)
})

test('free space: what cannot be read is told once, and is no reason to refuse', async () => {
  const { space, state, free, events } = watched()
  state.now = new Error('EIO')
  await space.look()
  await space.look()
  assert.equal(space.low, false)
  assert.deepEqual(space.left, {})
  assert.match(space.health.detail, /^the free space of \/spool cannot be read: Error: EIO$/)
  assert.equal(space.health.ok, false)
  await free(500 * MIB)
  assert.equal(space.health.ok, true)
  assert.deepEqual(events, ['alarm.free-space-unknown'])
})

test('free space: looks by the clock, and after much was written', async () => {
  const { space, state, clock } = watched()
  await space.start()
  for (let want = 2; want < 5; want++) {
    clock.advance(1000)
    await space.look()
    await new Promise(setImmediate)
    assert.ok(state.looks >= want)
  }
  const before = state.looks
  space.wrote(8 * MIB - 1)
  assert.equal(state.looks, before)
  space.wrote(1)
  assert.equal(state.looks, before + 1)
  space[Symbol.dispose]()
  await new Promise(setImmediate)
  const after = state.looks
  clock.advance(60_000)
  assert.equal(state.looks, after)
})

for (const { before, value, want } of [
  { before: 'fine', value: 0.99, want: 'fine' },
  { before: 'fine', value: 1, want: 'busy' },
  { before: 'fine', value: 9, want: 'full' },
  { before: 'busy', value: 0.81, want: 'busy' },
  { before: 'busy', value: 0.79, want: 'fine' },
  { before: 'busy', value: 3.9, want: 'busy' },
  { before: 'full', value: 3.3, want: 'full' },
  { before: 'full', value: 3.1, want: 'busy' },
  { before: 'full', value: 0, want: 'fine' },
] as const)
  test(`level: ${before}, then ${value} of 1 and 4, is ${want}`, () =>
    assert.equal(nextLevel(before, value, { busy: 1, full: 4 }), want))

function loaded(settings: LoadSettings = { loopDelay: 100 }) {
  const clock = new ManualClock()
  const { events, log } = recording()
  const memory = { heap: { used: 10, limit: 100 }, resident: { used: 10, limit: 100 } }
  const metrics = createMetrics()
  const load = new Load({ settings: () => settings, clock, log, metrics, memory: () => memory })
  const late = (...ms: number[]) => {
    for (const one of ms) load.sample(one)
    return load.level
  }
  return { load, memory, late, events, metrics, clock }
}

test('load: one long pause is no load, lasting lateness is; each rise rings once', async () => {
  const { load, late, events, metrics } = loaded()
  assert.equal(late(0, 0, 0, 5000, 0, 0), 'fine')
  assert.equal(late(150, 150, 150, 150), 'busy')
  assert.equal(load.load.cause, 'event loop')
  assert.equal(late(500, 500, 500, 500), 'full')
  assert.deepEqual(load.health, { ok: false, detail: 'full: event loop 500 ms late, 13 % of memory taken' })
  assert.match(await metrics.text(), /^postern_load_level 2$/m)
  assert.equal(late(150, 150, 150), 'busy')
  assert.equal(late(0, 0, 0), 'fine')
  assert.deepEqual(events, ['alarm.load', 'alarm.load', 'alarm.load.over'])
})

test('load: memory by the heap’s limit, the machine’s, or the setting', () => {
  const heap = loaded()
  heap.memory.heap.used = 81
  assert.deepEqual([heap.late(0), heap.load.load.cause], ['busy', 'memory'])
  heap.memory.heap.used = 91
  assert.equal(heap.late(0), 'full')
  const machine = loaded()
  machine.memory.resident.used = 64
  assert.equal(machine.late(0), 'busy')
  const setting = loaded({ loopDelay: 100, memory: 11 })
  assert.equal(setting.late(0), 'full')
})

test('load: real memory is read, and samples are taken by the clock until the end', () => {
  const clock = new ManualClock()
  let asked = 0
  const settings = () => {
    asked++
    return { loopDelay: 100 }
  }
  const load = new Load({ settings, clock, log: silentLog, metrics: createMetrics() })
  load.start()
  clock.advance(1500)
  assert.equal(asked, 3)
  assert.match(load.load.detail, /^event loop 0 ms late, \d+ % of memory taken$/)
  load[Symbol.dispose]()
  clock.advance(1500)
  assert.equal(asked, 3)
})

/** A limit of the session leaves a step that refuses. */
const resultOf = (stage: string) => (stage.startsWith('limit ') ? 'refuse' : 'pass')

const traceOf = (address: string, outcome: Trace['outcome'], stage = 'routing'): Trace => ({
  record: 'trace',
  version: 1,
  id: 'S' as SessionId,
  session: 'S' as SessionId,
  at: 0,
  revision: '',
  listener: 'mx',
  client: { address, port: 1 },
  server: { address, port: 25 },
  source: 'tcp_local',
  recipients: [],
  outcome,
  steps: [{ at: 'mail', stage, ms: 0, result: resultOf(stage), by: { by: 'built-in', rule: 'test' } }],
  facts: [],
})

function known() {
  const clock = new ManualClock()
  const seen: unknown[] = []
  const clients = new KnownClients({ append: (record) => void seen.push(record) }, clock)
  const trace = (address: string, outcome: Trace['outcome'] = 'queued', stage = 'routing') =>
    clients.append(traceOf(address, outcome, stage))
  return { clock, clients, trace, seen }
}

test('known clients: by an accepted message, with their network, for some days', () => {
  const { clients, trace, clock, seen } = known()
  trace('192.0.2.1')
  trace('2001:db8::1')
  trace('198.51.100.1', 'refused')
  trace('198.51.100.1', 'held')
  assert.deepEqual(
    [
      '192.0.2.1',
      '192.0.2.99',
      '192.0.3.1',
      '2001:db8::1',
      '2001:db8::ffff',
      '2001:db8:0:1::1',
      '198.51.100.1',
      '',
    ].map((address) => clients.standing(address)),
    ['good', 'near', 'unknown', 'good', 'near', 'unknown', 'unknown', 'unknown'],
  )
  assert.equal(seen.length, 4)
  clock.advance(KNOWN_MS)
  assert.equal(clients.standing('192.0.2.1'), 'unknown')
})

test('known clients: the worst behaviour ends it, a timeout does not', () => {
  const { clients, trace } = known()
  trace('192.0.2.1')
  trace('192.0.2.1', 'abandoned', 'limit dataTimeout')
  assert.equal(clients.standing('192.0.2.1'), 'good')
  trace('192.0.2.1', 'queued', 'limit failedAuth')
  assert.equal(clients.standing('192.0.2.1'), 'unknown')
  assert.equal(clients.standing('192.0.2.2'), 'unknown')
})

test('known clients: bounded; those not heard of for longest go first', () => {
  const { clients, trace } = known()
  const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
  for (let i = 0; i < MAX_KNOWN; i++) trace(address(i))
  trace(address(0))
  trace(address(MAX_KNOWN))
  assert.deepEqual(
    [0, 1, 2, MAX_KNOWN].map((i) => clients.standing(address(i))),
    ['good', 'near', 'good', 'good'],
  )
})

test('guards together: what is asked, what health says, and no traces of refused mail on a full disk', async () => {
  const clock = new ManualClock()
  const config = ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {} })
  const revision = (): Revision => ({ id: 'r' as never, directory: '', config, where: () => assert.fail('not asked') })
  const kept: string[] = []
  const traces = { append: (record: { readonly record: string }) => void kept.push(record.record) }
  let free = 500 * MIB
  const fileSystem = async () => ({ bytes: { free, total: 10_000 * MIB } })
  const memory = () => ({ heap: { used: 1, limit: 100 }, resident: { used: 1, limit: 100 } })
  const common = { spool: '/spool', revision, traces, clock, log: silentLog, metrics: createMetrics() }
  using guards = await startGuards({ ...common, fileSystem, memory })
  guards.traces.append(traceOf('192.0.2.1', 'queued'))
  assert.deepEqual(await guards.answers.pressure({ ask: 'pressure', client: '192.0.2.1' }), {
    bytes: { free, keep: AUTO_BYTES, low: false },
    load: { level: 'fine', cause: 'event loop', detail: 'event loop 0 ms late, 0 % of memory taken' },
    client: 'good',
  })
  free = MIB
  await guards.space.look()
  guards.traces.append(traceOf('192.0.2.1', 'deferred'))
  guards.traces.append(traceOf('192.0.2.1', 'abandoned'))
  assert.equal(kept.length, 2)
  assert.deepEqual(
    guards.checks().map(({ name, ok }) => [name, ok]),
    [
      ['free space', false],
      ['load', true],
    ],
  )
})
