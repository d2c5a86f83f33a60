// SPDX-License-Identifier: Apache-2.0
/** A well-behaved sender of small messages at a steady pace, who has to be served whatever others do. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ProberData, ProberReport } from './prober-thread.ts'

export const PROBER_ADDRESS = '127.0.0.2'

export interface Prober extends AsyncDisposable {
  begin(): void
  /** Waits for the probe under way and for one more. */
  end(): Promise<ProberReport>
}

/** @param patienceMs a probe that takes longer counts as not served */
export function startProber(port: number, patienceMs: number): Prober {
  const data: ProberData = { port, from: PROBER_ADDRESS, everyMs: 100, patienceMs }
  const thread = new Worker(new URL('./prober-thread.ts', import.meta.url), { workerData: data })
  return {
    begin: () => thread.postMessage('begin'),
    async end() {
      const report = once(thread, 'message')
      thread.postMessage('end')
      const [value] = await report
      return value
    },
    async [Symbol.asyncDispose]() {
      await thread.terminate()
    },
  }
}
