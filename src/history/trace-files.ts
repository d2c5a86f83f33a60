// SPDX-License-Identifier: Apache-2.0
/**
 * The files of the history: `traces-20261124-0003.jsonl`, one JSON record a line, in order of name as of time. A day
 * (UTC) or a size ends a file. Age and total size decide which go.
 */
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const FORM = /^traces-(\d{8})-(\d{4,9})\.jsonl$/
export const INDEX_NAME = 'index.sqlite'
const DAY_MS = 86_400_000

export interface TraceFile {
  readonly name: string
  /** `20261124`. */
  readonly day: string
  readonly number: number
}

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')

export const fileName = (day: string, number: number): string =>
  `traces-${day}-${String(number).padStart(4, '0')}.jsonl`

/** Those among the names of a folder, oldest first. */
export function traceFiles(names: readonly string[]): readonly TraceFile[] {
  return names
    .flatMap((name) => {
      const m = FORM.exec(name)
      return m === null ? [] : [{ name, day: m[1] ?? '', number: Number(m[2]) }]
    })
    .sort((a, b) => (a.day === b.day ? a.number - b.number : a.day < b.day ? -1 : 1))
}

/** The moment after which nothing was written to it. */
const endOf = ({ day }: TraceFile): number =>
  Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6))) + DAY_MS

/**
 * Deletes what is older than `keepMs`, then the oldest until all, the index included, take at most `sizeBytes`.
 * Never the file `current`. Returns the names.
 */
export async function removeOld(
  directory: string,
  current: string | undefined,
  { nowMs, keepMs, sizeBytes }: { readonly nowMs: number; readonly keepMs: number; readonly sizeBytes: number },
): Promise<readonly string[]> {
  const names = await readdir(directory)
  const sizes = new Map<string, number>()
  for (const name of names)
    if (FORM.test(name) || name.startsWith(INDEX_NAME)) sizes.set(name, (await stat(join(directory, name))).size)
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const removed: string[] = []
  for (const file of traceFiles(names)) {
    if (file.name === current) continue
    if (nowMs - endOf(file) <= keepMs && total <= sizeBytes) break
    await rm(join(directory, file.name), { force: true })
    total -= sizes.get(file.name) ?? 0
    removed.push(file.name)
  }
  return removed
}
