// SPDX-License-Identifier: Apache-2.0
/**
 * Kills a real server's process group at random moments under load, again and again, while its next hop is slow and
 * fails. After each kill the queue is opened and compared with what clients and next hop were told: nothing that was
 * answered 250 is lost; and delivered twice is only what the next hop had taken and the server had not yet written down
 * when it was killed, which RFC 5321 §4.5.4.1 permits. SIGKILL leaves the page cache alone: torn-disk.test.ts does not.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { silentLog } from '../../src/monitor/log.ts'
import { checkConservation } from '../../src/queue/conservation.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { freePort } from '../peers/free-port.ts'
import { configure, forgetKills, killedUnderLoad, live, PATIENCE_MS, randomFrom, SINK_HOST, shards } from './lives.ts'
import { CONTENT, type Told } from './load.ts'
import { startSink } from './sink.ts'

export interface KillOptions {
  /** Where configuration and spool go. */
  readonly folder: string
  readonly rounds: number
  readonly seed: number
  /** Processes beside the first; 0: one process. */
  readonly workers: number
  /** Largest message. */
  readonly octets: number
  /** The disk is meant to become full. */
  readonly fills: boolean
  readonly say: (line: string) => void
}

const CLIENTS = 6
const CONCURRENCY = 8

export async function killServer({ folder, rounds, seed, workers, octets, fills, say }: KillOptions): Promise<void> {
  const random = randomFrom(seed)
  await using sink = await startSink(SINK_HOST, random)
  const port = await freePort()
  const at = { folder, port }
  await configure(folder, { port, sink: sink.port }, { workers, concurrency: CONCURRENCY })
  const told: Told = { accepted: new Set(), unanswered: new Set(), refused: 0 }
  /** Taken by the next hop and not written down at a kill: these may come twice. */
  const window = new Map<string, number>()
  /** In hand at three kills, and so held as suspects of them. */
  const held = new Set<string>()
  let count = 0
  const sizes = new Map<string, number>()
  const next = () => {
    const message = { name: `m${++count}`, octets: Math.floor(random() * octets) }
    sizes.set(message.name, message.octets)
    return message
  }

  for (let round = 0; round < rounds; round++) {
    await killedUnderLoad(at, { clients: CLIENTS, told, next, random })
    await look()
  }
  sink.heal()
  await forgetKills(folder)
  await live(at, 'SIGTERM', async () => {
    const deadline = performance.now() + PATIENCE_MS
    while (missing().length > 0) {
      assert.ok(performance.now() < deadline, `${missing().length} messages did not arrive: ${missing().slice(0, 5)}`)
      await pause(100)
    }
  })
  await look()
  const twice = [...sink.taken].filter(([, times]) => times > 1)
  for (const [name, times] of twice)
    assert.ok(times <= 1 + (window.get(name) ?? 0), `${name} was delivered ${times} times, and only once in the window`)
  if (!fills) assert.ok(told.accepted.size > 0)
  say(
    `seed ${seed}: ${rounds} kills, ${told.accepted.size} messages accepted, ${told.refused} refused, 0 lost, ${held.size} held; ` +
      `${twice.length} delivered twice, all of them taken and not yet written down at a kill`,
  )

  function missing(): readonly string[] {
    return [...told.accepted].filter((name) => !sink.taken.has(name) && !held.has(name))
  }

  /** Opens what the dead server left. */
  async function look(): Promise<void> {
    const queued = new Set<string>()
    let inWindow = 0
    for (const shard of await shards(folder)) {
      await using store = await openLogStore(shard, { log: silentLog })
      assert.deepEqual(store.recovered.findings, [])
      for await (const { envelope, recipients } of store.messages()) {
        const [name = ''] = envelope.recipients[0]?.address.split('@') ?? []
        queued.add(name)
        if (recipients.get(0)?.state === 'held') held.add(name)
        assert.ok(told.accepted.has(name) || told.unanswered.has(name), `${name} was never handed in whole`)
        const content = Buffer.concat(await Array.fromAsync(store.content(envelope.id))).toString('latin1')
        assert.ok(content === CONTENT(name, sizes.get(name) ?? 0), `the content of ${name} is not what was sent`)
        const times = sink.taken.get(name) ?? 0
        if (times === (window.get(name) ?? 0)) continue // not taken, or in the window of an earlier kill
        window.set(name, times)
        inWindow++
      }
      const { balanced, detail } = checkConservation(store)
      assert.ok(balanced, detail)
    }
    const lost = [...told.accepted].filter((name) => !queued.has(name) && !sink.taken.has(name))
    assert.deepEqual(lost, [], `${lost.length} of ${told.accepted.size} accepted messages are lost`)
    assert.ok(inWindow <= CONCURRENCY * Math.max(1, workers), `${inWindow} deliveries were not written down`)
  }
}
