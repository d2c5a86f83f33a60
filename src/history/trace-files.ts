// SPDX-License-Identifier: Apache-2.0
/**
 * The files of the history: `traces-20261124-0003-w2.jsonl`, one JSON record a line, in order of name as of time. Each
 * process that writes has files of its own, named after it. A day (UTC) or a size ends a file. Age and total size
 * decide which go.
 */
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const FORM = /^traces-(\d{8})-(\d{4,9})(?:-([a-z0-9]{1,16}))?\.jsonl$/
export const INDEX_NAME = 'index.sqlite'
const DAY_MS = 86_400_000

export interface TraceFile {
  readonly name: string
  /** `20261124`. */
  readonly day: string
  readonly number: number
  /** Who writes it; empty where there is only one. */
  readonly writer: string
}

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')

export const fileName = ({ day, number, writer }: Omit<TraceFile, 'name'>): string =>
  `traces-${day}-${String(number).padStart(4, '0')}${writer === '' ? '' : `-${writer}`}.jsonl`

/** Those among the names of a folder, oldest first. */
export function traceFiles(names: readonly string[]): readonly TraceFile[] {
  return names
    .flatMap((name) => {
      const m = FORM.exec(name)
      return m === null ? [] : [{ name, day: m[1] ?? '', number: Number(m[2]), writer: m[3] ?? '' }]
    })
    .sort((a, b) => compare(a.day, b.day) || a.number - b.number || compare(a.writer, b.writer))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The moment after which nothing was written to it. */
const endOf = ({ day }: TraceFile): number =>
  Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6))) + DAY_MS

/**
 * Deletes what is older than `keepMs`, then the oldest until all, the index included, take at most `sizeBytes`.
 * Never a file of today that is its writer's newest: it is being written. Returns the names.
 */
export async function removeOld(
  directory: string,
  { nowMs, keepMs, sizeBytes }: { readonly nowMs: number; readonly keepMs: number; readonly sizeBytes: number },
): Promise<readonly string[]> {
  const names = await readdir(directory)
  const sizes = new Map<string, number>()
  for (const name of names)
    if (FORM.test(name) || name.startsWith(INDEX_NAME)) sizes.set(name, await sizeOf(join(directory, name)))
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const removed: string[] = []
  const files = traceFiles(names)
  const newest = new Map(files.map(({ writer, name }) => [writer, name]))
  for (const file of files) {
    if (file.name === newest.get(file.writer) && file.day >= dayOf(nowMs)) continue
    if (nowMs - endOf(file) <= keepMs && total <= sizeBytes) break
    await rm(join(directory, file.name), { force: true })
    total -= sizes.get(file.name) ?? 0
    removed.push(file.name)
  }
  return removed
}

/** 0 for one that has gone meanwhile: SQLite's journals come and go. */
const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0
      throw error
    },
  )
