// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../clock/clock.ts'
import { silentLog } from '../monitor/log.ts'
import { type Process, Supervisor } from './supervisor.ts'

class Fake implements Process {
  static last = 100
  readonly pid = ++Fake.last
  readonly #ended = Promise.withResolvers<string>()
  readonly ended = this.#ended.promise
  answers = true
  killed = false
  ping(): Promise<unknown> {
    return this.answers ? Promise.resolve() : new Promise(() => {})
  }
  kill(): void {
    this.killed = true
    this.end('signal SIGKILL')
  }
  end(how = 'exit code 0'): void {
    this.#ended.resolve(how)
  }
}

function site({ count = 2, prepare = async (_: Fake, __: number) => {}, room = (): boolean => true } = {}) {
  const clock = new ManualClock()
  const spawned: { index: number; worker: Fake }[] = []
  const gone: number[] = []
  const supervisor = new Supervisor<Fake>({
    count,
    spawn: (index) => {
      if (!room()) throw new Error('no room')
      const worker = new Fake()
      spawned.push({ index, worker })
      return worker
    },
    prepare,
    gone: (index) => gone.push(index),
    clock,
    log: silentLog,
    hungAfterMs: 5000,
  })
  const pass = async (ms: number): Promise<void> => {
    for (let done = 0; done < ms; done += 100) {
      clock.advance(100)
      await turn()
    }
  }
  return { clock, spawned, gone, supervisor, pass, at: (i: number) => spawned[i]?.worker ?? assert.fail(`no ${i}`) }
}

test('all serve once they are prepared', async () => {
  const s = site()
  await s.supervisor.start()
  assert.deepEqual(
    s.supervisor.serving().map(({ index }) => index),
    [0, 1],
  )
})

test('one that cannot be prepared at the start is the end of the start', async () => {
  const s = site({
    prepare: async (_, index) => {
      if (index === 1) throw new Error('no certificate')
    },
  })
  await assert.rejects(s.supervisor.start(), /worker 1 does not start: no certificate/)
  await s.supervisor.stop(1000, (worker) => worker.end())
  await s.pass(60_000)
  assert.equal(s.spawned.length, 2)
})

test('one that ends while it is prepared does not keep the start waiting', async () => {
  const s = site({ count: 1, prepare: () => new Promise(() => {}) })
  const started = s.supervisor.start()
  s.at(0).end('exit code 1')
  await assert.rejects(started, /it ended/)
})

test('one that ends is replaced, after a wait that grows while successors end too', async () => {
  const s = site({ count: 1 })
  await s.supervisor.start()
  const waits: number[] = []
  for (let i = 0; i < 10; i++) {
    s.at(i).end('signal SIGSEGV')
    await turn()
    const before = s.clock.monotonic()
    while (s.spawned.length === i + 1) await s.pass(100)
    waits.push(s.clock.monotonic() - before)
  }
  assert.deepEqual(waits.slice(0, 4), [200, 400, 800, 1600])
  assert.equal(waits.at(-1), 30_000)
  assert.equal(s.gone.length, 10)
  await s.pass(61_000)
  s.at(10).end()
  await s.pass(300)
  assert.equal(s.spawned.length, 12, 'one that lived well is replaced at once')
  assert.equal(s.supervisor.status()[0]?.replaced, 11)
})

test('a successor the system has no room for is tried again', async () => {
  let room = true
  const s = site({ count: 1, room: () => room })
  await s.supervisor.start()
  room = false
  s.at(0).end('signal SIGKILL')
  await s.pass(5000)
  assert.deepEqual([s.spawned.length, s.supervisor.status()[0]?.state], [1, 'waiting'])
  room = true
  await s.pass(10_000)
  assert.deepEqual([s.spawned.length, s.supervisor.serving().length], [2, 1])
})

test('one that starts has more time to answer than one that serves', async () => {
  const prepared = Promise.withResolvers<void>()
  const s = site({ count: 1, prepare: () => prepared.promise })
  const started = s.supervisor.start()
  s.at(0).answers = false
  await s.pass(100_000)
  assert.equal(s.at(0).killed, false)
  s.at(0).answers = true
  prepared.resolve()
  await started
  const never = site({ count: 1, prepare: () => new Promise(() => {}) })
  const failed = assert.rejects(never.supervisor.start(), /it ended/)
  never.at(0).answers = false
  await never.pass(130_000)
  assert.equal(never.at(0).killed, true)
  await failed
})

test('one that stops answering is killed and replaced; one that answers late is not', async () => {
  const s = site({ count: 2 })
  await s.supervisor.start()
  s.at(0).answers = false
  await s.pass(4000)
  assert.equal(s.at(0).killed, false)
  s.at(0).answers = true
  await s.pass(10_000)
  assert.equal(s.at(0).killed, false)
  s.at(0).answers = false
  await s.pass(8000)
  assert.deepEqual([s.at(0).killed, s.at(1).killed, s.spawned.length], [true, false, 3])
})

test('stop asks all, kills who does not end in time, and replaces nobody', async () => {
  const s = site({ count: 2 })
  await s.supervisor.start()
  const stopped = s.supervisor.stop(3000, (worker) => {
    if (worker === s.at(0)) worker.end()
  })
  await s.pass(2900)
  assert.equal(s.at(1).killed, false)
  await s.pass(200)
  await stopped
  assert.equal(s.at(1).killed, true)
  await s.pass(60_000)
  assert.equal(s.spawned.length, 2)
})
