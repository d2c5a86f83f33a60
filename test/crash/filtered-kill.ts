// SPDX-License-Identifier: Apache-2.0
/**
 * As server-kill.ts, with filters: a copy in a folder, a copy sent on, a reply, a refusal beside a copy are effects of a
 * message, and each comes to pass though the server is killed at random moments. Twice is only what had come to pass and
 * was not written down at a kill. A reply alone may be missing, where the kill came between remembering and queueing it
 * (queue/filtered/send.ts): rather none than two.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { silentLog } from '../../src/monitor/log.ts'
import { checkConservation } from '../../src/queue/conservation.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { freePort } from '../peers/free-port.ts'
import { effectsOf, filed, handed, KINDS, makeUsers, waitingOf } from './filtered-mail.ts'
import { configure, forgetKills, killedUnderLoad, live, PATIENCE_MS, randomFrom, SINK_HOST, shards } from './lives.ts'
import type { Told } from './load.ts'
import { startSink } from './sink.ts'

const CLIENTS = 4
const CONCURRENCY = 4

export async function killFiltered(options: {
  readonly folder: string
  readonly rounds: number
  readonly seed: number
  readonly workers: number
  readonly say: (line: string) => void
}): Promise<void> {
  const { folder, rounds, seed, workers, say } = options
  const random = randomFrom(seed)
  await using sink = await startSink(SINK_HOST, random)
  const port = await freePort()
  await configure(folder, { port, sink: sink.port }, { workers, concurrency: CONCURRENCY })
  await makeUsers(folder)
  const told: Told = { accepted: new Set(), unanswered: new Set(), refused: 0 }
  const users = new Map<string, string>()
  /** How often each effect had come to pass at the last kill, and how often more than once it may. */
  const seen = new Map<string, number>()
  const window = new Map<string, number>()
  /** Carried out when the server was killed: a reply may have been remembered and not queued. */
  const interrupted = new Set<string>()
  const held = new Set<string>()
  const kinds = Object.keys(KINDS)
  const next = () => {
    const name = `m${users.size + 1}`
    const user = kinds[Math.floor(random() * kinds.length)] ?? 'file'
    users.set(name, user)
    return handed(name, user, Math.floor(random() * 5000))
  }
  const happened = async (): Promise<ReadonlyMap<string, number>> =>
    new Map([...(await filed(folder)), ...[...sink.taken].map(([local, times]) => [`out ${local}`, times] as const)])
  /** Effects of accepted messages that neither came to pass nor wait. */
  const missing = (now: ReadonlyMap<string, number>, waiting: ReadonlySet<string>): readonly string[] =>
    [...told.accepted].flatMap((name) => {
      const user = users.get(name) ?? ''
      const effects = effectsOf(user, name).filter((effect) => !now.has(effect) && !waiting.has(effect))
      const excused = (effect: string): boolean =>
        held.has(name) || (user === 'away' && effect.startsWith('out') && interrupted.has(name))
      return effects.filter((effect) => !excused(effect)).map((effect) => `${effect} (${user})`)
    })

  for (let round = 0; round < rounds; round++) {
    await killedUnderLoad({ folder, port }, { clients: CLIENTS, told, next, random })
    await look()
  }
  sink.heal()
  await forgetKills(folder)
  await live({ folder, port }, 'SIGTERM', async () => {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const left = missing(await happened(), new Set())
      if (left.length === 0) return
      assert.ok(performance.now() < deadline, `${left.length} effects did not come to pass: ${left.slice(0, 5)}`)
      await pause(200)
    }
  })
  await look()
  const now = await happened()
  const twice = [...now].filter(([, times]) => times > 1)
  for (const [effect, times] of twice) {
    const allowed = 1 + (window.get(effect) ?? 0)
    assert.ok(times <= allowed, `${effect} came to pass ${times} times, and ${allowed} times are within the window`)
  }
  const silent = [...told.accepted].filter((name) => users.get(name) === 'away' && !now.has(`out s-${name}`))
  say(
    `seed ${seed}: ${rounds} kills, ${told.accepted.size} messages with filters accepted, 0 effects lost, ${held.size} held, ` +
      `${silent.length} replies given up; ${twice.length} effects twice, all of them not yet written down at a kill`,
  )

  /** Opens what the dead server left. */
  async function look(): Promise<void> {
    const now = await happened()
    const waiting = new Set<string>()
    const may = new Map<string, number>()
    for (const shard of await shards(folder)) {
      await using store = await openLogStore(shard, { log: silentLog })
      assert.deepEqual(store.recovered.findings, [])
      const all = (await Array.fromAsync(store.messages())).map(waitingOf)
      const own = all.filter((one) => one.own).flatMap(({ effects }) => [...effects])
      for (const { name, effects, root, tells, held: isHeld } of all) {
        assert.ok(users.has(name), `${name} was never handed in`)
        if (isHeld) held.add(name)
        if (root) interrupted.add(name)
        for (const effect of effects) {
          waiting.add(effect)
          const queued = tells ? own.filter((each) => each === effect).length : 0
          may.set(effect, Math.max(may.get(effect) ?? 0, (now.get(effect) ?? 0) - (seen.get(effect) ?? 0) + queued))
        }
      }
      const { balanced, detail } = checkConservation(store)
      assert.ok(balanced, detail)
    }
    for (const [effect, more] of may) window.set(effect, (window.get(effect) ?? 0) + more)
    for (const [effect, times] of now) seen.set(effect, times)
    assert.deepEqual(missing(now, waiting), [], 'effects of accepted messages are lost')
  }
}
