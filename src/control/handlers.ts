// SPDX-License-Identifier: Apache-2.0
/** What the server answers to each method of the control protocol, whether it is one process or several. */
import type { TraceRecord } from '../policy/trace.ts'
import type { Handlers, ResultOf } from './protocol.ts'
import type { QueueHandlers } from './queue-handlers.ts'

export interface HandlerDeps {
  status(): Promise<ResultOf['status']>
  reload(): Promise<ResultOf['reload']>
  doctor(): Promise<ResultOf['doctor']>
  readonly queue: QueueHandlers
  /** Hands over each record of the history from now on; the returned function ends that. */
  follow(onRecord: (record: TraceRecord) => void): () => void
}

export const controlHandlers = ({ status, reload, doctor, queue, follow }: HandlerDeps): Handlers => ({
  ...queue,
  status: () => status(),
  reload: () => reload(),
  doctor: () => doctor(),
  async tail(_params, signal, send) {
    const end = follow(send)
    const { promise, resolve } = Promise.withResolvers<void>()
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    end()
  },
})
