// SPDX-License-Identifier: Apache-2.0
/**
 * Traces on disk: JSON lines in files of a day or 64 MiB, appended without sync and off the path of mail. Old files go
 * by age and by total size. When the disk does not keep up, records are dropped and counted: mail does not wait for
 * its history.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import type { TraceRecord, TraceSink } from '../policy/trace.ts'

export const FILE_NAME = /^traces-(\d{8})-(\d{4})\.jsonl$/
const MAX_FILE_BYTES = 64 * 1024 * 1024
/** Octets waiting for the disk at most. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024
const CLEAN_EVERY_MS = 3_600_000

export interface HistoryWriter extends TraceSink, AsyncDisposable {
  /** Resolves when everything appended so far is in the file. */
  flush(): Promise<void>
  /** Calls `onRecord` for each record from now on; the returned function ends that. */
  follow(onRecord: (record: TraceRecord) => void): () => void
  /** Records that were not kept. */
  readonly dropped: number
}

export function createHistoryWriter(options: {
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly keepMs: number
  readonly sizeBytes: number
}): HistoryWriter {
  const { directory, clock, log } = options
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const followers = new Set<(record: TraceRecord) => void>()
  let waiting: string[] = []
  let waitingBytes = 0
  let writing: Promise<void> | undefined
  let dropped = 0
  let file = nextFile(directory, clock.now())

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting.join('')
      waiting = []
      waitingBytes = 0
      const day = dayOf(clock.now())
      if (file.day !== day || file.bytes > MAX_FILE_BYTES) file = nextFile(directory, clock.now())
      try {
        await appendFile(file.path, lines, { mode: 0o600 })
        file.bytes += Buffer.byteLength(lines)
      } catch (error) {
        dropped++
        log.error('history.write', { err: error, file: file.path })
      }
    }
    writing = undefined
  }

  const clean = (): void => {
    try {
      removeOld(directory, clock.now(), options)
    } catch (error) {
      log.error('history.clean', { err: error })
    }
  }
  let cancel: () => void
  const cleanAgain = (): void => {
    clean()
    cancel = clock.after(CLEAN_EVERY_MS, cleanAgain)
  }
  cancel = clock.after(0, cleanAgain)

  return {
    append(record) {
      for (const follower of followers) follower(record)
      const line = `${JSON.stringify(record)}\n`
      if (waitingBytes + line.length > MAX_WAITING_BYTES) {
        dropped++
        if (dropped % 1000 === 1) log.warn('history.dropped', { dropped })
        return
      }
      waiting.push(line)
      waitingBytes += line.length
      writing ??= Promise.resolve().then(write)
    },
    async flush() {
      await writing
    },
    follow(onRecord) {
      followers.add(onRecord)
      return () => followers.delete(onRecord)
    },
    get dropped() {
      return dropped
    },
    async [Symbol.asyncDispose]() {
      cancel()
      await writing
    },
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')

function nextFile(directory: string, nowMs: number): { readonly path: string; readonly day: string; bytes: number } {
  const day = dayOf(nowMs)
  const numbers = readdirSync(directory).flatMap((name) => {
    const m = FILE_NAME.exec(name)
    return m?.[1] === day ? [Number(m[2])] : []
  })
  const last = Math.max(0, ...numbers)
  const path = (n: number): string => join(directory, `traces-${day}-${String(n).padStart(4, '0')}.jsonl`)
  const bytes = numbers.length === 0 ? 0 : statSync(path(last)).size
  return bytes > MAX_FILE_BYTES ? { path: path(last + 1), day, bytes: 0 } : { path: path(last), day, bytes }
}

function removeOld(
  directory: string,
  nowMs: number,
  { keepMs, sizeBytes }: { readonly keepMs: number; readonly sizeBytes: number },
): void {
  const files = readdirSync(directory)
    .filter((name) => FILE_NAME.test(name))
    .sort()
    .reverse()
  let total = 0
  for (const [i, name] of files.entries()) {
    const path = join(directory, name)
    const { size, mtimeMs } = statSync(path)
    total += size
    // The newest is being written.
    if (i > 0 && (nowMs - mtimeMs > keepMs || total > sizeBytes)) rmSync(path, { force: true })
  }
}
