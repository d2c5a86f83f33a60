// SPDX-License-Identifier: Apache-2.0
/**
 * The process that owns the index (design 2.2): looks at the files every other second and takes in what is new. A
 * reader reads what is not in it yet from the files, so nobody waits for that, and many records at once cost less each.
 * SQLite answers while the caller waits; here nobody does. Ends when its parent says so, or is gone.
 */
import { mkdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { deleteIndex, isDamage } from './index-schema.ts'
import { IndexWriter } from './index-writer.ts'

const LOOK_EVERY_MS = 2000
const AFTER_FAILURE_MS = 5000

export type IndexerReport =
  | { readonly kind: 'indexed'; readonly records: number }
  | { readonly kind: 'failed'; readonly cause: string; readonly rebuilt: boolean }

const [, , directory = '.'] = process.argv
const stop = new AbortController()
const report = (what: IndexerReport): void => {
  // A parent that is gone hears nothing; the loop ends by itself then.
  if (process.connected) process.send?.(what, undefined, undefined, () => {})
}
process.once('disconnect', () => stop.abort())
// Ctrl-C in a terminal reaches the whole group; the parent says when.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

// Mail goes first; the index is behind by a moment more.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

async function run(): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  using index = new IndexWriter(directory)
  while (!stop.signal.aborted) {
    const { records, more } = index.step()
    if (records > 0) report({ kind: 'indexed', records })
    await wait(more ? 0 : LOOK_EVERY_MS, undefined, { signal: stop.signal }).catch(() => {})
  }
}

while (!stop.signal.aborted)
  try {
    await run()
  } catch (error) {
    const rebuilt = isDamage(error)
    if (rebuilt) deleteIndex(directory)
    report({ kind: 'failed', cause: error instanceof Error ? error.message : String(error), rebuilt })
    await wait(AFTER_FAILURE_MS, undefined, { signal: stop.signal }).catch(() => {})
  }
