// SPDX-License-Identifier: Apache-2.0
/**
 * Where the server's traces go: to followers at once, and to files a moment later, without sync and off the path of
 * mail (design 2.2). When the disk does not keep up, what is beyond the limit is dropped and counted: mail does not
 * wait for its history.
 */
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import { type Metrics, noMetrics } from '../monitor/metrics.ts'
import type { TraceRecord, TraceSink } from '../policy/trace.ts'
import { createAppender } from './appender.ts'
import { recordLine } from './record-text.ts'
import { removeOld } from './trace-files.ts'
import { WaitingLines } from './waiting-lines.ts'

export interface HistoryWriter extends TraceSink, AsyncDisposable {
  /** Resolves when everything appended so far is in the file, or the disk refused it. */
  flush(): Promise<void>
  /** Calls `onRecord` for each record from now on; the returned function ends that. */
  follow(onRecord: (record: TraceRecord) => void): () => void
  /** Records that were not kept. */
  readonly dropped: number
}

export interface HistoryWriterOptions {
  /** Made when it is not there. */
  readonly directory: string
  /** Letters and digits that name this process's files where several write into the directory. */
  readonly writer?: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics
  /** Records older than this go, a day's file at a time. */
  readonly keepMs: number
  /** For all files and the index. */
  readonly sizeBytes: number
}

/** Octets that wait for the disk at most. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024
/** One write gathers what comes in this time… */
const GATHER_MS = 50
/** …and at most so much of it. */
const MAX_WRITE_BYTES = 1024 * 1024
const RETRY_MS = 1000
const CLEAN_EVERY_MS = 3_600_000
/** Small enough that old records go in small steps, large enough that a month makes few files. */
const maxFileBytes = (sizeBytes: number): number => Math.max(64 * 1024, Math.min(64 * 1024 * 1024, sizeBytes / 16))

export function createHistoryWriter(options: HistoryWriterOptions): HistoryWriter {
  const { directory, writer = '', clock, log, metrics = noMetrics, keepMs, sizeBytes } = options
  const fileBytes = maxFileBytes(sizeBytes)
  const appender = createAppender(directory, fileBytes, writer)
  const followers = new Set<(record: TraceRecord) => void>()
  const waiting = new WaitingLines(MAX_WRITE_BYTES)
  let dropped = 0
  let writing: Promise<void> | undefined
  let cancelWrite: (() => void) | undefined
  let ended = false
  const records = metrics.counters('postern_history_records_total', 'Traces appended', ['record'])
  const lost = metrics.counter('postern_history_dropped_total', 'Traces that were not kept')
  metrics.gauge('postern_history_waiting_bytes', 'Octets of traces that wait for the disk', () => waiting.octets)

  const drop = (count: number, cause?: unknown): void => {
    if (count === 0) return
    // The first, then one in a thousand: a flood of drops must not become a flood of logs.
    if (dropped === 0 || Math.trunc(dropped / 1000) !== Math.trunc((dropped + count) / 1000))
      log.warn('history.dropped', { dropped: dropped + count, err: cause })
    dropped += count
    lost.add(count)
  }

  /** Writes all that waits; stops at the first refusal of the disk. */
  async function write(): Promise<boolean> {
    for (let bytes = waiting.next(); bytes !== undefined; bytes = waiting.next()) {
      const before = appender.current
      const { written, cause } = await appender.append(bytes, clock.now())
      waiting.wrote(written)
      if (written < bytes.length) {
        log.error('history.write', { err: cause })
        return false
      }
      if (appender.current !== before) await clean()
    }
    return true
  }

  const writeSoon = (delayMs: number): void => {
    cancelWrite ??= clock.after(delayMs, () => {
      cancelWrite = undefined
      writeNow().catch((err: unknown) => log.error('history.write', { err }))
    })
  }

  /** One write at a time; what came meanwhile is written by the same. */
  async function writeNow(): Promise<void> {
    writing ??= write()
      .then((fine) => {
        if (!fine && !ended) writeSoon(RETRY_MS)
      })
      .finally(() => {
        writing = undefined
        // What came between the last look and now.
        if (waiting.count > 0 && !ended) writeSoon(GATHER_MS)
      })
    await writing
  }

  async function clean(): Promise<void> {
    try {
      // Room for the file being written, so that the limit holds until the next time.
      const limits = { nowMs: clock.now(), keepMs, sizeBytes: sizeBytes - fileBytes }
      const removed = await removeOld(directory, limits)
      if (removed.length > 0) log.info('history.removed', { files: removed })
    } catch (err) {
      log.error('history.clean', { err })
    }
  }
  let cancelClean = (): void => {}
  const cleanEveryHour = (): void => {
    cancelClean = clock.after(CLEAN_EVERY_MS, () => {
      cleanEveryHour()
      if (appender.current !== undefined) clean().catch((err: unknown) => log.error('history.clean', { err }))
    })
  }
  cleanEveryHour()

  return {
    append(record) {
      for (const follow of followers)
        try {
          follow(record)
        } catch (err) {
          log.error('history.follower', { err })
        }
      records.with({ record: record.record }).add()
      const line = recordLine(record)
      if (waiting.octets + line.length > MAX_WAITING_BYTES || ended) {
        drop(1)
        return
      }
      waiting.add(line)
      if (writing === undefined) writeSoon(GATHER_MS)
    },
    async flush() {
      cancelWrite?.()
      cancelWrite = undefined
      await writing
      await writeNow()
    },
    follow(onRecord) {
      followers.add(onRecord)
      return () => void followers.delete(onRecord)
    },
    get dropped() {
      return dropped
    },
    async [Symbol.asyncDispose]() {
      await this.flush()
      ended = true
      cancelClean()
      cancelWrite?.()
      drop(waiting.count)
      waiting.clear()
      followers.clear()
      await appender.close()
    },
  }
}
