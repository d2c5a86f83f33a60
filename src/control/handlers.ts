// SPDX-License-Identifier: Apache-2.0
/** What the server answers to each method of the control protocol. */
import type { Revision } from '../config/revision.ts'
import type { HistoryWriter } from '../history/writer.ts'
import { checkConservation } from '../queue/conservation.ts'
import { listQueue, queueOperations, shapeQueue, showMessage } from '../queue/operations.ts'
import type { QueueRunner } from '../queue/runner.ts'
import type { QueueStore } from '../queue/store.ts'
import type { SmtpServer } from '../smtp-server/server.ts'
import { ControlError, type Handlers, type ResultOf } from './protocol.ts'

export interface HandlerDeps {
  readonly version: string
  readonly startedAt: number
  readonly now: () => number
  readonly revision: () => Revision
  readonly reload: () => Promise<{
    readonly before: string
    readonly revision: string
    readonly notes: readonly string[]
  }>
  readonly store: QueueStore
  readonly runner: QueueRunner
  readonly server: SmtpServer
  readonly history: HistoryWriter
  /** How the machine is doing. */
  readonly machine: () => ResultOf['status']['machine']
}

export function controlHandlers(deps: HandlerDeps): Handlers {
  const { store, runner, history, server } = deps
  const operations = queueOperations(store, runner, deps.now)
  return {
    async status() {
      const { listeners } = deps.revision().config
      const count = { queued: 0, held: 0 }
      for (const { waiting } of store.entries()) for (const { state } of waiting) count[state]++
      return {
        version: deps.version,
        revision: deps.revision().id,
        startedAt: deps.startedAt,
        listeners: Object.entries(server.addresses()).map(([name, at]) => ({
          name,
          service: listeners[name]?.service ?? 'gone',
          ...at,
        })),
        connections: server.connections(),
        ...count,
        machine: deps.machine(),
      }
    },
    reload: () => deps.reload(),
    'queue.list': async ({ selection, limit }) => listQueue(store, selection ?? { all: true }, limit),
    'queue.shape': async () => shapeQueue(store),
    async 'queue.show'({ id, content }) {
      const shown = await showMessage(store, id, content)
      if (shown === undefined) throw new ControlError('not-found', `${id} is not in the queue`)
      return shown
    },
    'queue.retry': ({ selection }) => operations.retry(selection),
    'queue.hold': ({ selection, reason }) => operations.hold(selection, reason),
    'queue.release': ({ selection }) => operations.release(selection),
    'queue.bounce': ({ selection, reason }) => operations.bounce(selection, reason),
    'queue.delete': ({ selection, reason }) => operations.delete(selection, reason),
    async 'queue.reroute'({ selection, channel, via }) {
      if (deps.revision().config.channels[channel] === undefined)
        throw new ControlError('bad-request', `there is no channel ${channel}`)
      return await operations.reroute(selection, channel, via)
    },
    async tail(_params, signal, send) {
      const end = history.follow(send)
      const { promise, resolve } = Promise.withResolvers<void>()
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
      await promise
      end()
    },
    async doctor() {
      const { balanced, detail } = checkConservation(store)
      return {
        checks: [
          { name: 'ledger', fine: balanced, detail },
          ...deps.machine().map(({ name, ok, detail }) => ({ name, fine: ok, detail })),
          { name: 'history', fine: history.dropped === 0, detail: `${history.dropped} records dropped` },
        ],
      }
    },
  }
}
