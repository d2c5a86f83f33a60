// SPDX-License-Identifier: Apache-2.0
/**
 * A worker, the dispatcher, or all processes are killed under load, round after round. Nothing that was answered with
 * 250 is lost, and nothing is delivered twice but for a kill between the next hop's answer and our note of it
 * (RFC 5321 §4.5.4.1 prefers that to losing mail). At the end the ledger balances.
 */
import assert from 'node:assert/strict'
import { type Load, startLoad } from './load.ts'
import { type ScratchSite, type Server, scratchSite, soon } from './server.ts'
import { type Sink, startSink } from './sink.ts'

const VICTIMS = ['worker', 'dispatcher', 'group'] as const

export interface Kills {
  readonly accepted: number
  readonly doubtful: number
  readonly twice: number
}

/** @param say told what happens */
export async function killAll(rounds: number, say: (line: string) => void): Promise<Kills> {
  await using sink = await startSink()
  await using site = await scratchSite({
    routes: [{ domain: '*', channel: 'tcp_local', via: `[127.0.0.1]:${sink.port}` }],
  })
  let server = await site.start()
  using load = startLoad({ port: site.port, clients: 8, rate: 100, to: (serial) => `r@d${serial % 5}.example` })
  for (let round = 0; round < rounds; round++) {
    const victim = VICTIMS[round % VICTIMS.length] ?? 'worker'
    await someMore(load)
    server = await kill(victim, site, server)
    say(`round ${round + 1}: killed ${victim}; ${load.accepted.size} accepted, ${sink.came.size} came`)
  }
  await someMore(load)
  await load.stop()
  await soon('everything to arrive', () =>
    [...load.accepted].every((serial) => sink.came.has(serial)) ? true : undefined,
  )
  await soon('an empty queue', async () => {
    await using client = await server.control()
    const { queued, workers } = await client.call('status', {})
    return queued === 0 && workers.every(({ state }) => state === 'serving') ? true : undefined
  })
  await server.stop()
  assert.deepEqual(lost(load, sink), [])
  for (const reply of load.refused.keys()) assert.match(reply, /^4/)
  const twice = [...sink.came].filter(([, times]) => times.length > 1)
  for (const [serial, connections] of twice)
    for (const { quit } of connections.slice(0, -1))
      assert.equal(quit, false, `message ${serial} came twice, though the first time we lived on`)
  return { accepted: load.accepted.size, doubtful: load.doubtful.size, twice: twice.length }
}

const lost = (load: Load, sink: Sink): readonly number[] =>
  [...load.accepted].filter((serial) => !sink.came.has(serial))

async function someMore(load: Load): Promise<void> {
  const before = load.accepted.size
  await soon('twenty more messages', () => (load.accepted.size >= before + 20 ? true : undefined))
}

async function kill(victim: (typeof VICTIMS)[number], site: ScratchSite, server: Server): Promise<Server> {
  if (victim === 'worker') {
    const [worker] = (await server.workers()).filter(({ state }) => state === 'serving')
    assert.ok(worker?.pid !== undefined)
    process.kill(worker.pid, 'SIGKILL')
    return server
  }
  server.signal('SIGKILL', victim)
  await server.ended
  // At once: workers that are left may still be at work.
  return await site.start()
}
