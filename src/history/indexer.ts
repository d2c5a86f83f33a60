// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the process that keeps the index, and starts it anew when it ends. Without it nothing is lost: the files are
 * the history, and a reader without index reads them.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import { type Metrics, noMetrics } from '../monitor/metrics.ts'
import type { IndexerReport } from './index-process.ts'

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
  const source = fileURLToPath(new URL(`./index-process${import.meta.url.slice(-3)}`, import.meta.url))
  let ended = false
  let cancel = (): void => {}
  let child = start()

  function start(): ChildProcess {
    const started = fork(source, [directory], {
      execArgv: [...process.execArgv, `--max-old-space-size=${MAX_HEAP_MB}`],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    // The server ends when it wants to, not when its index does.
    started.unref()
    started.channel?.unref()
    started.on('message', (message) => {
      const report = message as IndexerReport
      if (report.kind === 'indexed') indexed.add(report.records)
      else {
        failures.add()
        log.warn('history.index', { cause: report.cause, rebuilt: report.rebuilt })
      }
    })
    started.on('error', (err) => log.error('history.indexer', { err }))
    started.on('exit', (code, signal) => {
      if (ended) return
      failures.add()
      log.warn('history.indexer-ended', { code, signal })
      cancel = clock.after(RESTART_MS, () => {
        if (!ended) child = start()
      })
    })
    return started
  }

  return {
    async [Symbol.asyncDispose]() {
      if (ended) return
      ended = true
      cancel()
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.ref()
      if (child.connected) child.disconnect()
      // Between two batches it stops by itself; what it leaves undone, the next one does.
      const stopNow = clock.after(STOP_MS, () => void child.kill('SIGKILL'))
      await exited
      stopNow()
    },
  }
}
