// SPDX-License-Identifier: Apache-2.0
/** Everything in one process: mail, and what must be one across workers, which here is simply one (design 2.4). */
import type { Clock } from '../clock/clock.ts'
import { existingShards, spoolPaths } from '../config/spool-paths.ts'
import { doctorOf, healthOf, type ReportOf } from '../control/report.ts'
import { CollapsedClients } from '../monitor/collapsed-clients.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { PinoLog } from '../monitor/pino-log.ts'
import { ConnectionSlots, soleSlots } from '../state/connection-slots.ts'
import { openSiteCounters } from '../state/open-counters.ts'
import { lockSpool } from './lock-spool.ts'
import { type Mail, startMail } from './mail.ts'
import { SHARD_PATIENCE_MS } from './orphans.ts'
import type { Served } from './served.ts'
import { TicketKeys } from './ticket-keys.ts'
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
  let current = revision
  const startedAt = clock.now()
  await using parts = new AsyncDisposableStack()
  parts.use(await lockSpool(revision.config.server.spool))
  const { state, server } = revision.config
  const paths = spoolPaths(server.spool)
  const there = await existingShards(paths)
  const counters = parts.use(await openSiteCounters({ state, path: paths.counters, clock, log }))
  const tickets = parts.use(new TicketKeys(clock, (keys) => mail.setTicketKeys(keys)))
  const clients = new CollapsedClients({ monotonic: clock.monotonic, log, metrics })
  const slots = soleSlots(new ConnectionSlots(clock.monotonic), () => current.config.limits)
  const mail: Mail = await startMail({
    revision,
    name: '',
    shards: there.length === 0 ? [0] : there,
    slots: {
      claim: (address) => {
        clients.came(address)
        return slots.claim(address)
      },
    },
    counters,
    shardPatienceMs: SHARD_PATIENCE_MS,
    ticketKeys: tickets.current(),
    clock,
    log,
    metrics,
  })
  parts.use(mail)
  const kept = parts.move()
  const own = () => [{ name: 'clients', ...clients.health }]
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
    checks: own,
    health: async () => healthOf(reports(), own()),
    doctor: async () => doctorOf(reports(), own()),
    metrics: () => metrics.text(),
    follow: (onRecord) => mail.history.follow(onRecord),
    async stop(deadlineMs) {
      await mail.stop(deadlineMs)
      return mail.report().ledger
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
