// SPDX-License-Identifier: Apache-2.0
/**
 * The embedded counters on disk: all of them into a new file, synced, renamed over the old one, now and then and at the
 * end. A file that cannot be read is put aside; then counting begins anew, which lets through what a throttle would
 * not have, and greylists once more. What must not be forgotten (`kept`) stands in a journal until then
 * (counters-journal.ts). Has one owner, the process that counts.
 */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import { keptKey } from './counter-rules.ts'
import type { CounterAnswer, CounterRequest, OpenCounters } from './counters.ts'
import { CountersJournal, readJournals } from './counters-journal.ts'
import { EmbeddedCounters, type SavedEntry } from './embedded-counters.ts'

export interface CountersFileOptions {
  readonly path: string
  readonly saveMs: () => number
  readonly clock: Clock
  readonly log: Log
}

const VERSION = 1
/** Entries written between two looks at other work. */
const SLICE = 2000

/** Reads what is there and counts on from it. On dispose the last counts are written. */
export async function openCounters(options: CountersFileOptions): Promise<OpenCounters> {
  const { path, saveMs, clock, log } = options
  const counters = new EmbeddedCounters(clock)
  const savedAt = await restore(counters, options)
  const journal = await replay(counters, savedAt, options)
  let written = counters.changes
  let failed: string | undefined
  let saving: Promise<void> = Promise.resolve()
  const save = (): Promise<void> => {
    saving = saving.then(async () => {
      const { changes } = counters
      if (changes === written) return
      try {
        const removeOld = await journal.begin()
        await write(path, counters, clock.now())
        await removeOld()
        written = changes
        failed = undefined
      } catch (err) {
        failed = err instanceof Error ? err.message : String(err)
        log.error('counters.not-saved', { path, err })
      }
    })
    return saving
  }
  const arm = (): (() => void) =>
    clock.after(saveMs(), () => {
      void save()
      cancel = arm()
    })
  let cancel = arm()
  return {
    count(request) {
      const answer = counters.count(request)
      if (!isKept(request, answer)) return answer
      const { ageMs = 0, value = null } = counters.savedOf(request) ?? {}
      const change = { table: request.table.name, key: keptKey(request.key), at: clock.now(), ageMs, value }
      return journal.append(change).then(() => answer)
    },
    check: () => ({ name: 'counts', ok: failed === undefined, detail: failed ?? 'kept by this server' }),
    async [Symbol.asyncDispose]() {
      cancel()
      await save()
      await journal[Symbol.asyncDispose]()
    },
  }
}

async function write(path: string, counters: EmbeddedCounters, savedAt: number): Promise<void> {
  const temporary = `${path}.new`
  {
    await using file = await open(temporary, 'w', 0o600)
    let lines = `${JSON.stringify({ counters: VERSION, savedAt })}\n`
    let left = SLICE
    for (const { table, key, ageMs, value } of counters.saved()) {
      lines += `${JSON.stringify([table, key, ageMs, value])}\n`
      left -= 1
      if (left > 0) continue
      await file.write(lines)
      lines = ''
      left = SLICE
    }
    await file.write(lines)
    await file.sync()
  }
  await rename(temporary, path)
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

/** It changed what must not be forgotten. */
const isKept = (request: CounterRequest, answer: CounterAnswer): boolean =>
  'kept' in request.table &&
  request.table.kept === true &&
  answer.kind === 'found' &&
  (answer.value === 'under' || answer.value === 'free' || answer.value === '')

/** What was changed since the last save. */
async function replay(
  counters: EmbeddedCounters,
  savedAt: number,
  { path, clock, log }: CountersFileOptions,
): Promise<CountersJournal> {
  const { changes, next } = await readJournals(path).catch((err: unknown) => {
    log.error('counters.not-read', { path, err })
    return { changes: [], next: clock.now() }
  })
  const since = changes.filter(({ at }) => at >= savedAt)
  for (const { table, key, at, ageMs, value } of since) {
    const entry = { table, key, ageMs: ageMs + Math.max(0, clock.now() - at) }
    counters.forget(entry)
    if (value !== undefined) counters.restore({ ...entry, value })
  }
  if (since.length > 0) log.info('counters.replayed', { changes: since.length })
  return new CountersJournal(path, next, log)
}

/** When what is there was saved, wall-clock ms; before all time where nothing is. */
async function restore(counters: EmbeddedCounters, { path, clock, log }: CountersFileOptions): Promise<number> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && err.code === 'ENOENT')) log.error('counters.not-read', { path, err })
    return Number.NEGATIVE_INFINITY
  }
  try {
    const [head = '', ...lines] = text.split('\n')
    // A wall clock that was set back makes nobody wait longer than he had to.
    const savedAt = savedAtOf(head)
    const awayMs = Math.max(0, clock.now() - savedAt)
    const entries = lines.filter((line) => line !== '').map(entryOf)
    for (const entry of entries) counters.restore({ ...entry, ageMs: entry.ageMs + awayMs })
    log.info('counters.read', { entries: entries.length })
    return savedAt
  } catch (err) {
    const aside = `${path}.damaged`
    await rename(path, aside).catch(() => {})
    log.error('counters.damaged', { path, aside, err })
    return Number.NEGATIVE_INFINITY
  }
}

function savedAtOf(line: string): number {
  const head: unknown = JSON.parse(line)
  if (typeof head !== 'object' || head === null || !('counters' in head) || head.counters !== VERSION)
    throw new Error('not a file of counters, or of another version')
  if (!('savedAt' in head) || typeof head.savedAt !== 'number') throw new Error('no time in the first line')
  return head.savedAt
}

function entryOf(line: string): SavedEntry {
  const parsed: unknown = JSON.parse(line)
  const [table, key, ageMs, value]: unknown[] = Array.isArray(parsed) ? parsed : []
  if (typeof table !== 'string' || typeof key !== 'string' || typeof ageMs !== 'number' || typeof value !== 'string')
    throw new Error('a line that is no entry')
  return { table, key, ageMs, value }
}
