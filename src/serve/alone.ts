// SPDX-License-Identifier: Apache-2.0
/** Everything in one process: mail, and what must be one across workers, which here is simply one (design 2.4). */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'
import { existingShards, spoolPaths } from '../config/spool-paths.ts'
import { doctorOf, healthOf, type ReportOf } from '../control/report.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { PinoLog } from '../monitor/pino-log.ts'
import { ConnectionSlots, soleSlots } from '../state/connection-slots.ts'
import { startMail } from './mail.ts'
import type { Served } from './served.ts'
import type { Usable } from './usable.ts'

export async function serveAlone(
  first: Usable,
  {
    clock,
    log,
    metrics,
  }: { readonly clock: Clock; readonly log: PinoLog; readonly metrics: Metrics & { text(): Promise<string> } },
): Promise<Served> {
  const { revision } = first
  if (revision.config.server.user !== undefined)
    throw new Error('server.user needs workers: set server.workers to 1 or more')
  const there = await existingShards(spoolPaths(revision.config.server.spool))
  let current = revision
  const startedAt = clock.now()
  const mail = await startMail({
    revision,
    name: '',
    shards: there.length === 0 ? [0] : there,
    slots: soleSlots(new ConnectionSlots(clock.monotonic), () => current.config.limits),
    ticketKeys: randomBytes(48),
    clock,
    log,
    metrics,
  })
  const reports = (): readonly ReportOf[] => [{ worker: 0, report: mail.report() }]
  return {
    addresses: mail.addresses,
    queue: mail.queue,
    revision: () => current,
    use: async (next) => {
      mail.prepare(next.revision)()
      current = next.revision
    },
    workers: async () => {
      const { shards, connections, queued, held } = mail.report()
      const row = { index: 0, state: 'serving', pid: process.pid, startedAt, replaced: 0 } as const
      return [{ ...row, shards, connections, queued, held }]
    },
    reports: async () => reports(),
    health: async () => healthOf(reports()),
    doctor: async () => doctorOf(reports()),
    metrics: () => metrics.text(),
    follow: (onRecord) => mail.history.follow(onRecord),
    async stop(deadlineMs) {
      await mail.stop(deadlineMs)
      return mail.report().ledger
    },
    [Symbol.asyncDispose]: () => mail[Symbol.asyncDispose](),
  }
}
