// SPDX-License-Identifier: Apache-2.0
/**
 * Kills a process that works on a queue, again and again, and looks at what is left: every acknowledged message and
 * event is there, nothing is there that never was accepted, contents are whole, and the ledger balances. SIGKILL
 * leaves the page cache alone, so that this says nothing about power cuts; torn-disk.test.ts does.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { parseMessageId } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { checkConservation } from '../../src/queue/conservation.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 3)
const seed = Number(process.env['SEED'] ?? Date.now() % 1e6)
console.log(`seed ${seed}`)

/** Small and good enough to choose a moment. */
function randomFrom(start: number): () => number {
  let state = start | 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Runs the writer until it has said a number of lines, then kills it. All lines it said. */
async function runAndKill(directory: string, round: number, lines: number): Promise<string[]> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'queue-writer.ts'), directory, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  const closed = new Promise((resolve) => writer.once('close', resolve))
  for await (const line of createInterface({ input: writer.stdout })) {
    said.push(line)
    if (said.length === lines) writer.kill('SIGKILL')
  }
  await closed
  assert.equal(writer.signalCode, 'SIGKILL')
  return said
}

test(`what was acknowledged survives ${ROUNDS} kills`, { timeout: 60_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'queue-kill-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const random = randomFrom(seed)
  const accepted = new Set<string>()
  const tried = new Set<string>()
  const delivered = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const line of await runAndKill(directory, round, 2 + Math.floor(random() * 300))) {
      const [what, id = '', recipient] = line.split(' ')
      if (what === 'accepted') accepted.add(id)
      if (what === 'trying') tried.add(`${id} ${recipient}`)
      if (what === 'delivered') delivered.add(`${id} ${recipient}`)
    }
    await using store = await openLogStore(directory, { log: silentLog })
    for (const text of accepted) {
      const id = parseMessageId(text)
      assert.ok(id !== undefined)
      const message = await store.get(id)
      if (message === undefined) {
        // Gone is right only when both recipients may have been delivered.
        assert.ok(tried.has(`${id} 0`) && tried.has(`${id} 1`), `${id} was accepted and is lost`)
        continue
      }
      for (const [index, { state }] of message.recipients) {
        if (delivered.has(`${id} ${index}`)) assert.equal(state, 'delivered', `${id} ${index} would go out twice`)
        if (!tried.has(`${id} ${index}`)) assert.equal(state, 'queued')
      }
      const chunks: Uint8Array[] = []
      for await (const chunk of store.content(id)) chunks.push(chunk)
      const content = Buffer.concat(chunks).toString()
      assert.equal(content.length, message.envelope.size)
      assert.equal(content.replaceAll(`${id}\r\n`, ''), '')
    }
    // A message that was durable but not yet acknowledged may be there as well: at most one a worker and round.
    const there = [...store.entries()].length
    assert.ok(there <= accepted.size + 4 * (round + 1))
    assert.ok(store.ledger().accepted >= 2 * accepted.size)
    assert.ok(store.ledger().delivered >= delivered.size)
    const { balanced, detail } = checkConservation(store)
    assert.ok(balanced, detail)
    assert.deepEqual(store.recovered.findings, [])
  }
  assert.ok(accepted.size > 0)
})
