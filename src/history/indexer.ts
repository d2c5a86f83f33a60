// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the thread that keeps the index, and starts it anew when it ends. Without it nothing is lost: the files are
 * the history, and a reader without index reads them.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import { type Metrics, noMetrics } from '../monitor/metrics.ts'
import type { IndexerReport } from './index-worker.ts'

const RESTART_MS = 5000
const STOP_MS = 2000
/** A batch of records and SQLite's cache fit many times. */
const MAX_HEAP_MB = 256

export function startIndexer(options: {
  /** Of the trace files. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics
}): AsyncDisposable {
  const { directory, clock, log, metrics = noMetrics } = options
  const indexed = metrics.counter('postern_history_indexed_total', 'Records taken into the index')
  const failures = metrics.counter('postern_history_index_failures_total', 'Failures of the indexer')
  // Published, the sources are JavaScript.
  const source = new URL(`./index-worker${import.meta.url.slice(-3)}`, import.meta.url)
  let ended = false
  let cancel = (): void => {}
  let worker = start()

  function start(): Worker {
    const started = new Worker(source, {
      workerData: { directory },
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    // The server ends when it wants to, not when its index does.
    started.unref()
    started.on('message', (report: IndexerReport) => {
      if (report.kind === 'indexed') indexed(undefined, report.records)
      else {
        failures()
        log.warn('history.index', { cause: report.cause, rebuilt: report.rebuilt })
      }
    })
    started.on('error', (err) => log.error('history.indexer', { err }))
    started.on('exit', () => {
      if (ended) return
      failures()
      cancel = clock.after(RESTART_MS, () => {
        if (!ended) worker = start()
      })
    })
    return started
  }

  return {
    async [Symbol.asyncDispose]() {
      if (ended) return
      ended = true
      cancel()
      if (worker.threadId === -1) return
      const exited = once(worker, 'exit')
      worker.ref()
      worker.postMessage('stop')
      // Between two batches it stops by itself; what it leaves undone, the next one does.
      const stopNow = clock.after(STOP_MS, () => void worker.terminate())
      await exited
      stopNow()
    },
  }
}
