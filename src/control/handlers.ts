// SPDX-License-Identifier: Apache-2.0
/** What the server answers to each method of the control protocol. */
import type { Revision } from '../config/revision.ts'
import type { HistoryWriter } from '../history/writer.ts'
import { checkConservation } from '../queue/conservation.ts'
import type { QueueRunner } from '../queue/runner.ts'
import type { QueueStore } from '../queue/store.ts'
import type { SmtpServer } from '../smtp-server/server.ts'
import type { Handlers, ResultOf } from './protocol.ts'
import { queueHandlers } from './queue-handlers.ts'

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
    ...queueHandlers({ store, runner, revision: deps.revision, now: deps.now }),
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
