// SPDX-License-Identifier: Apache-2.0
/** Reloads under load: no session is lost, and every record names one revision that was in force. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { percentile, startLoad } from './load.ts'
import { reload } from './race.ts'
import { type ScratchSite, type Server, soon } from './server.ts'

export interface Reloads {
  readonly accepted: number
  /** 99 of 100 replies came within so many milliseconds. */
  readonly p99: { readonly without: number; readonly during: number }
}

/** @param messages to be sent without a reload, for comparison, and with each reload */
export async function reloadUnderLoad(
  site: ScratchSite,
  server: Server,
  count: number,
  { messages, rate }: { readonly messages: number; readonly rate: number },
): Promise<Reloads> {
  const began = Date.now()
  using load = startLoad({ port: site.port, clients: 6, rate, to: () => 'kim@demo.test' })
  const more = async (wanted: number): Promise<void> => {
    const before = load.accepted.size
    await soon(`${wanted} more messages`, () => (load.accepted.size >= before + wanted ? true : undefined))
  }
  await more(messages)
  load.takeLatencies()
  await more(messages * Math.min(count, 10))
  const without = percentile(load.takeLatencies(), 0.99)
  const revisions = new Set<string>()
  {
    await using client = await server.control()
    revisions.add((await client.call('status', {})).revision)
  }
  for (let i = 0; i < count; i++) {
    await site.configure({ limits: { recipients: 200 + i } })
    revisions.add(await reload(server))
    await more(messages)
  }
  const during = percentile(load.takeLatencies(), 0.99)
  await load.stop()
  assert.equal(revisions.size, count + 1)
  assert.deepEqual([load.cut.count, [...load.refused]], [0, []])
  const history = join(site.folder, 'spool', 'history')
  await soon('every record in the history', async () => {
    const used = await revisionsOf(history, began)
    for (const revision of used.values()) assert.ok(revisions.has(revision), `${revision} was never in force`)
    return used.size >= load.accepted.size ? true : undefined
  })
  return { accepted: load.accepted.size, p99: { without, during } }
}

/** By message, the revision of its transaction, of those that began since. */
async function revisionsOf(history: string, since: number): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const name of await readdir(history)) {
    if (!name.endsWith('.jsonl')) continue
    for (const line of (await readFile(join(history, name), 'utf8')).split('\n').slice(0, -1)) {
      const record: Readonly<Record<string, unknown>> = JSON.parse(line)
      if (record['record'] !== 'trace' || record['outcome'] !== 'queued' || Number(record['at']) < since) continue
      const id = String(record['id'])
      assert.ok(!found.has(id), `${id} has two traces`)
      found.set(id, String(record['revision']))
    }
  }
  return found
}
