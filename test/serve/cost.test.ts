// SPDX-License-Identifier: Apache-2.0
/**
 * What a relayed message costs a real server, in figures that hold on a busy machine: CPU time, syncs, and steps of its
 * trace. Processor time is no constant either, on cores that are shared: its margin is the widest.
 */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLoad } from './load.ts'
import { type Server, scratchSite, soon } from './server.ts'
import { startSink } from './sink.ts'

/** Before anything is measured: a server that has just started compiles. */
const WARM = 800
const MESSAGES = 1200
/** CPU seconds for 1,000 messages of 4 KiB, ten per connection, of all processes. Measured 1.4 alone, 2.8 beside others. */
const MAX_CPU_PER_1000 = 6
/** A message is committed once and its delivery recorded once, and one sync serves all that wait for it. Measured 0.6. */
const MAX_SYNCS = 1.5
/** Each stage with something to say has one. Measured 28. */
const MAX_STEPS = 40

/** Runs in each process of the server: one octet in a file for every sync that is asked for. */
const COUNTING = (file: string): string => `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  const counts = fs.openSync(${JSON.stringify(file)}, 'a')
  const handle = await fs.promises.open('/dev/null')
  const files = Object.getPrototypeOf(handle)
  await handle.close()
  const count = (of, name) => {
    const original = of[name]
    of[name] = function (...given) {
      fs.writeSync(counts, '.')
      return original.apply(this, given)
    }
  }
  for (const name of ['datasync', 'sync']) count(files, name)
  for (const name of ['fdatasync', 'fsync']) count(fs, name)
  // For those who import them by name.
  syncBuiltinESMExports()
`

test('a relayed message costs no more than it did', async () => {
  await using sink = await startSink()
  await using site = await scratchSite({
    routes: [{ domain: '*', channel: 'tcp_local', via: `[127.0.0.1]:${sink.port}` }],
  })
  const counts = join(site.folder, 'syncs')
  const server = await site.start(COUNTING(counts))
  const began = Date.now()
  using load = startLoad({ port: site.port, clients: 20, octets: 4096, to: (n) => `r@d${n % 50}.example` })
  const arrived = (count: number) => soon(`${count} messages`, () => (sink.came.size >= count ? true : undefined))
  await arrived(WARM)
  const before = { came: sink.came.size, cpu: await cpuSeconds(server), syncs: (await readFile(counts)).length }
  await arrived(WARM + MESSAGES)
  const came = sink.came.size - before.came
  const cpu = (((await cpuSeconds(server)) - before.cpu) * 1000) / came
  const syncs = ((await readFile(counts)).length - before.syncs) / came
  await load.stop()
  assert.deepEqual([...load.refused], [])
  const steps = await mostSteps(join(site.folder, 'spool', 'history'), began)
  await server.stop()
  console.log(
    `measured: ${came} relayed, ${cpu.toFixed(2)} CPU-s per 1,000, ${syncs.toFixed(2)} syncs a message, at most ${steps} steps`,
  )
  assert.ok(cpu <= MAX_CPU_PER_1000, `${cpu} CPU-s per 1,000`)
  assert.ok(syncs > 0 && syncs <= MAX_SYNCS, `${syncs} syncs a message`)
  assert.ok(steps > 0 && steps <= MAX_STEPS, `${steps} steps`)
})

/** User and system time of the processes of the server's group that live, proc(5); a tick is 10 ms on every Linux. */
async function cpuSeconds(server: Server): Promise<number> {
  let ticks = 0
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(fields[2]) === server.pid) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / 100
}

async function mostSteps(history: string, since: number): Promise<number> {
  let most = 0
  for (const name of await readdir(history)) {
    if (!name.endsWith('.jsonl')) continue
    for (const line of (await readFile(join(history, name), 'utf8')).split('\n').slice(0, -1)) {
      const record: Readonly<Record<string, unknown>> = JSON.parse(line)
      const { steps } = record
      if (record['record'] === 'trace' && Number(record['at']) >= since && Array.isArray(steps))
        most = Math.max(most, steps.length)
    }
  }
  return most
}
