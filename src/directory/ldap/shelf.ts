// SPDX-License-Identifier: Apache-2.0
/**
 * What processes of one server found in LDAP, on disk: while no server answers, a process knows whom another one knew, and
 * whom the one before a restart knew. A file for each answer, whole or not there; not synced, for it is worth nothing
 * that cannot be asked again. Read only by its own kind: owner and mode keep others out.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, opendir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Shelf {
  /** At some time soon, unless too much is to be written. */
  put(key: string, value: unknown): void
  drop(key: string): void
  /** With its age. `undefined`: not there, too old, or not to be read. */
  get(key: string): Promise<{ readonly value: unknown; readonly ageMs: number } | undefined>
}

export interface SharedFolder {
  readonly folder: string
  /** Wall-clock milliseconds. */
  readonly now: () => number
}

export interface ShelfOptions extends SharedFolder {
  /** Older ones are gone. */
  readonly staleMs: number
}

/** Raised when the form of what is kept changes. */
const FORM = 1
/** The same answer is written again after this time: it is what its age is counted from. */
const AGAIN_MS = 60_000
const MAX_VALUE = 1_048_576
/** Of the folder, as far as one process sees. */
const MAX_OCTETS = 268_435_456
const MAX_FILES = 50_000
/** At one time; an answer that finds no place is not kept. */
const MAX_WRITING = 16
/** Answers written between two looks for old ones. */
const TIDY_AFTER = 2000

export function shelf({ folder, staleMs, now }: ShelfOptions): Shelf {
  const written = new Map<string, number>()
  let writing = 0
  let since = TIDY_AFTER
  let full = false
  const pathOf = (key: string): string => join(folder, createHash('sha256').update(`${FORM} ${key}`).digest('hex'))

  const tidy = async (): Promise<void> => {
    since = 0
    let [octets, files] = [0, 0]
    for await (const { name } of await opendir(folder)) {
      const path = join(folder, name)
      // Another process tidies too.
      const about = await stat(path).catch(() => undefined)
      if (about !== undefined && now() - about.mtimeMs > staleMs) await rm(path, { force: true })
      else {
        octets += about?.size ?? 0
        files++
      }
    }
    full = octets > MAX_OCTETS || files > MAX_FILES
  }
  const write = async (key: string, text: string): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if (since++ >= TIDY_AFTER) await tidy()
    if (full) return
    const path = pathOf(key)
    const tmp = `${path}.${randomBytes(6).toString('hex')}`
    try {
      await writeFile(tmp, text, { mode: 0o600 })
      await rename(tmp, path)
    } catch (error) {
      await rm(tmp, { force: true })
      throw error
    }
  }

  return {
    put(key, value) {
      const at = now()
      if (staleMs === 0 || writing >= MAX_WRITING || at - (written.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS)
        return
      const text = JSON.stringify({ key, at, value }, withMaps)
      if (text.length > MAX_VALUE) return
      written.set(key, at)
      if (written.size > MAX_FILES) written.clear()
      writing++
      // A disk that will not have it keeps nobody from being known here.
      void write(key, text)
        .catch(() => written.delete(key))
        .finally(() => writing--)
    },
    drop(key) {
      written.delete(key)
      void rm(pathOf(key), { force: true }).catch(() => {})
    },
    async get(key) {
      try {
        const kept: unknown = JSON.parse(await readFile(pathOf(key), 'utf8'), mapsBack)
        if (!isKept(kept) || kept.key !== key) return undefined
        const ageMs = Math.max(0, now() - kept.at)
        return ageMs > staleMs ? undefined : { value: kept.value, ageMs }
      } catch {
        return undefined
      }
    },
  }
}

const MAP = '$map'
const withMaps = (_: string, value: unknown): unknown => (value instanceof Map ? { [MAP]: [...value] } : value)

function mapsBack(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(MAP in value) || !Array.isArray(value[MAP])) return value
  return new Map(value[MAP])
}

const isKept = (value: unknown): value is { readonly key: string; readonly at: number; readonly value: unknown } =>
  typeof value === 'object' && value !== null && 'key' in value && 'at' in value && typeof value.at === 'number'
