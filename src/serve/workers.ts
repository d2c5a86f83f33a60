// SPDX-License-Identifier: Apache-2.0
/**
 * Mail served by workers (design 2.4): this process binds the ports, starts the workers, keeps them running, and owns
 * what must be one across them. It reads nothing a stranger sent.
 */
import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../clock/clock.ts'
import type { Config } from '../config/schema.ts'
import { existingShards, spoolPaths } from '../config/spool-paths.ts'
import type { WorkerRow } from '../control/protocol.ts'
import { oneQueue } from '../control/queue-handlers.ts'
import { doctorOf, healthOf, type Report, type ReportOf } from '../control/report.ts'
import { OrphanGuard } from '../dispatcher/orphan-guard.ts'
import { ShardTable } from '../dispatcher/shards.ts'
import { Supervisor } from '../dispatcher/supervisor.ts'
import { FIRST_PORT_FD, startProcess } from '../dispatcher/worker-process.ts'
import { CollapsedClients } from '../monitor/collapsed-clients.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { PinoLog } from '../monitor/pino-log.ts'
import { LeaseOwner } from '../queue/schedule/lease-owner.ts'
import { LocalSlots } from '../queue/schedule/slots.ts'
import { ConnectionSlots } from '../state/connection-slots.ts'
import { openSiteCounters } from '../state/open-counters.ts'
import { PlaceOwner } from '../state/place-owner.ts'
import { Adoption } from './adoption.ts'
import { AllMetrics } from './all-metrics.ts'
import { bindPorts } from './bind-ports.ts'
import type { ToDispatcher, ToWorker, Worker } from './calls.ts'
import { Followers } from './followers.ts'
import { lockSpool } from './lock-spool.ts'
import { ORPHAN_END_MS } from './orphans.ts'
import { becomeUser } from './privileges.ts'
import { absentQueue, remoteQueue } from './remote-queue.ts'
import { Revisions } from './revisions.ts'
import type { Served } from './served.ts'
import { SharedSuspicions } from './shared-suspicions.ts'
import { slotHandlers } from './slot-handlers.ts'
import type { Suspicions } from './suspects.ts'
import { TicketKeys } from './ticket-keys.ts'
import type { Usable } from './usable.ts'

/** A worker that does not answer within this is left out of what operators are told; if it hangs, it is replaced. */
const REPORT_MS = 2000
/** Published, the sources are JavaScript. */
const PROGRAM = fileURLToPath(new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url))

/**
 * Room for what dies young, MiB for each of three parts: what is made for a message lives until the disk has it and it has
 * been delivered, and with Node's 16 MiB much of it is moved among the old objects first, which are dearer to collect. And
 * the program's own code on large pages where the system has them, for 40 MiB that processes share no more: mail runs
 * through so much code that finding its pages was a twentieth of a worker's time. Code that lay idle for a night is not
 * thrown away: the first mail of the morning needs it.
 */
const RUNTIME = ['--max-semi-space-size=32', '--use-largepages=silent', '--no-flush-bytecode']

export async function serveWithWorkers(
  first: Usable,
  count: number,
  deps: { readonly clock: Clock; readonly log: PinoLog; readonly metrics: Metrics & { snapshot(): Promise<unknown> } },
): Promise<Served> {
  await using parts = new AsyncDisposableStack()
  const { clock, log, metrics } = deps
  const { config } = first.revision
  const paths = spoolPaths(config.server.spool)
  const ports = parts.use(await bindPorts(config, clock, log))
  await becomeUser(config.server, [config.server.spool, config.server.mailboxes])
  parts.use(await lockSpool(config.server.spool))
  await mkdir(config.server.mailboxes, { recursive: true, mode: 0o700 })
  const guard = parts.use(new OrphanGuard({ clock, log, patienceMs: ORPHAN_END_MS }))

  const revisions = await Revisions.open(first.revision, paths.revisions, log)
  const settings = (): Config => revisions.current().config
  const ticketKeys = parts.use(
    new TicketKeys(clock, (keys) => {
      for (const { worker } of supervisor.serving()) worker.link.notify('ticketKeys', keys.toString('base64'))
    }),
  )
  const suspicions = new SharedSuspicions(clock.now)
  const counted = new AllMetrics<Worker>()
  const shards = new ShardTable(await existingShards(paths))
  const places = new PlaceOwner({
    slots: new ConnectionSlots(clock.monotonic),
    limits: () => settings().limits,
    clock,
    recall: async (index, round) => (await workerAt(index)?.link.call('recallPlaces', round)) ?? [],
  })
  const leases = new LeaseOwner(
    new LocalSlots({
      limits: (channel) => {
        const { concurrency = 1, perDestination = 1 } = settings().channels[channel] ?? {}
        return { concurrency, perDestination }
      },
      retryMs: () => settings().queue.retryMs,
      random: () => randomInt(2 ** 32) / 2 ** 32,
    }),
    clock.monotonic,
    {
      look: (index, channel, key) => workerAt(index)?.link.notify('look', { channel, key }),
      yield: (index, lease) => workerAt(index)?.link.notify('yield', lease),
    },
  )
  const clients = new CollapsedClients({ monotonic: clock.monotonic, log, metrics })
  const slots = slotHandlers({
    places,
    leases,
    came: (address, times) => clients.came(address, times),
  })
  const followers = new Followers((on) => {
    for (const { worker } of supervisor.serving()) worker.link.notify('follow', on)
  })

  // Workers that use Redis ask it themselves; then nobody asks here.
  const counters = parts.use(
    await openSiteCounters({ state: { ...config.state, kind: 'embedded' }, path: paths.counters, clock, log }),
  )

  const supervisor: Supervisor<Worker> = new Supervisor<Worker>({
    count,
    clock,
    log,
    hungAfterMs: config.server.hungAfter,
    spawn(index) {
      const worker = startProcess<ToDispatcher, ToWorker>({
        program: PROGRAM,
        args: [],
        runtime: RUNTIME,
        ports: ports.bound.map(({ fd }) => fd),
        handlers: {
          ...slots.of(index),
          count: (request) => counters.count(request),
          record: (record) => followers.told(record),
          cleared: (key) => suspicions.cleared(key, allBut(index)),
        },
        failed: (err) => log.error('worker.link', { worker: index, err }),
      })
      guard.watch(worker.pid)
      return worker
    },
    async prepare(worker, index) {
      const keys = ticketKeys.current()
      const found = await worker.link.call('start', {
        index,
        folder: revisions.starts(worker),
        shards: shards.assign(index, count),
        ports: Object.fromEntries(ports.bound.map(({ name }, i) => [name, FIRST_PORT_FD + i])),
        ticketKeys: keys.toString('base64'),
        follow: followers.any,
        suspicions: suspicions.all(),
      })
      suspicions.found(found, allBut(index))
      await revisions.started(worker)
      // What may have changed while it started.
      worker.link.notify('learn', suspicions.all())
      worker.link.notify('follow', followers.any)
      if (keys !== ticketKeys.current()) worker.link.notify('ticketKeys', ticketKeys.current().toString('base64'))
    },
    gone(index, worker) {
      guard.forget(worker.pid)
      revisions.gone(worker)
      counted.gone(worker)
      shards.release(index)
      slots.gone(index)
      adoption.soon()
    },
  })
  const allBut = (index: number): readonly Worker[] =>
    supervisor.serving().flatMap((each) => (each.index === index ? [] : each.worker))
  const adopted = (found: Suspicions): void =>
    suspicions.found(
      found,
      supervisor.serving().map(({ worker }) => worker),
    )
  const adoption = new Adoption({ shards, supervisor, clock, log, adopted })
  const workerAt = (index: number): Worker | undefined =>
    supervisor.serving().find((each) => each.index === index)?.worker
  metrics.gauge('postern_workers_serving', 'Workers that serve', () => supervisor.serving().length)

  const reports = async (): Promise<readonly ReportOf[]> => {
    const asked = supervisor.serving().map(async ({ index, worker }): Promise<readonly ReportOf[]> => {
      const report = await within(worker.link.call('report', null), clock)
      return report === undefined ? [] : [{ worker: index, report }]
    })
    return (await Promise.all(asked)).flat()
  }
  const workers = async (): Promise<readonly WorkerRow[]> => {
    const told = new Map((await reports()).map(({ worker, report }) => [worker, report]))
    return supervisor.status().map((status) => {
      const { connections: open = 0, queued = 0, held = 0 } = told.get(status.index) ?? {}
      return { ...status, shards: shards.of(status.index), connections: open, queued, held }
    })
  }
  /** Fine when every worker serves. */
  const workersCheck = () => {
    const missing = supervisor.status().filter(({ state }) => state !== 'serving')
    const detail =
      missing.length === 0
        ? `${count} serving`
        : `not serving: ${missing.map(({ index, state }) => `worker ${index} ${state}`).join(', ')}`
    return { name: 'workers', ok: missing.length === 0, detail }
  }

  const clientsCheck = () => ({ name: 'clients', ...clients.health })
  /** With Redis the workers say how that stands. */
  const ownChecks = () => [
    workersCheck(),
    clientsCheck(),
    ...(config.state.kind === 'redis' || counters.check === undefined ? [] : [counters.check()]),
  ]

  parts.defer(async () => {
    adoption.end()
    await supervisor.stop(0, (worker) => worker.kill())
  })
  await supervisor.start()
  const kept = parts.move()
  return {
    addresses: Object.fromEntries(ports.bound.map(({ name, address, port }) => [name, { address, port }])),
    queue: oneQueue(() => {
      const serving = supervisor.serving()
      const absent = shards.without(serving.map(({ index }) => index))
      const queues = serving.map(({ worker }) => remoteQueue(worker.link))
      return absent.length === 0 ? queues : [...queues, absentQueue(absent)]
    }),
    revision: () => revisions.current(),
    async use(next) {
      await revisions.use(next.revision)
      // What is kept was granted under other limits.
      await places.recall()
    },
    workers,
    reports,
    checks: () => [clientsCheck()],
    health: async () => healthOf(await reports(), ownChecks()),
    doctor: async () => doctorOf(await reports(), ownChecks()),
    async metrics() {
      const asked = supervisor.serving().map(async ({ worker }) => {
        const snapshot = await within(worker.link.call('metrics', null), clock)
        return [worker, snapshot] as const
      })
      return await counted.text(await metrics.snapshot(), await Promise.all(asked))
    },
    follow: (onRecord) => followers.add(onRecord),
    async stop(deadlineMs) {
      adoption.end()
      // Else the system would go on taking connections that nobody accepts any more.
      ports[Symbol.dispose]()
      const ledgers: Report['ledger'][] = []
      const asked: Promise<unknown>[] = []
      // Sessions end first, then deliveries, each within the deadline; then a moment to close.
      await supervisor.stop(2 * deadlineMs + REPORT_MS, ({ link }) => {
        asked.push(
          link
            .call('stop', { deadlineMs })
            .then(
              (ledger) => ledgers.push(ledger),
              (err: unknown) => log.warn('worker.not-stopped', { err }),
            )
            .finally(() => link.close()),
        )
      })
      await Promise.all(asked)
      return {
        balanced: ledgers.every(({ balanced }) => balanced),
        detail: ledgers.map(({ detail }) => detail).join('; '),
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** The answer, or `undefined` when the worker is gone, fails, or takes too long. */
async function within<T>(answer: Promise<T>, clock: Clock): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const cancel = clock.after(REPORT_MS, () => late.resolve(undefined))
  try {
    return await Promise.race([answer.catch(() => undefined), late.promise])
  } finally {
    cancel()
  }
}
