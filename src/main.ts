// SPDX-License-Identifier: Apache-2.0
/**
 * The composition root: reads the configuration, has mail served by this process or by workers (serve/), puts the
 * control socket and the monitor before it, and waits for the signal.
 */
import { availableParallelism } from 'node:os'
import { systemClock } from './clock/clock.ts'
import { spoolPaths } from './config/spool-paths.ts'
import type { LoadedRevision } from './config/where.ts'
import { controlHandlers } from './control/handlers.ts'
import { ControlError, type ResultOf } from './control/protocol.ts'
import { countsOf } from './control/report.ts'
import { startControl } from './control/server.ts'
import { startIndexer } from './history/indexer.ts'
import { type Health, startMonitor } from './monitor/health.ts'
import { createLog } from './monitor/pino-log.ts'
import { createMetrics } from './monitor/prom-metrics.ts'
import { oneAtATime } from './queue/one-at-a-time.ts'
import { serveAlone } from './serve/alone.ts'
import { bindPorts } from './serve/bind-ports.ts'
import { startManageSieveProcess } from './serve/managesieve.ts'
import { ConfigurationRefused, loadUsable, logWarnings, warningLine } from './serve/usable.ts'
import { VERSION } from './serve/version.ts'
import { serveWithWorkers } from './serve/workers.ts'

/** How long transactions, then deliveries, under way may take when the server is told to stop. */
const STOP_MS = 10_000

/**
 * Serves until the signal, then stops in order. `ready` is called once everything listens.
 * @throws ConfigurationRefused; Error when a port or the spool cannot be had, or when the ledger does not balance at the end
 */
export async function serve(
  configDirectory: string,
  { signal, ready = () => {} }: { readonly signal: AbortSignal; readonly ready?: () => void },
): Promise<void> {
  await using parts = new AsyncDisposableStack()
  const clock = systemClock
  const startedAt = clock.now()
  const first = await loadUsable(configDirectory)
  const { config } = first.revision

  // First in, last out: everything else may still have something to say.
  const log = parts.use(createLog({ level: config.monitor.log }))
  logWarnings(first, log)
  const metrics = createMetrics()
  const { workers } = config.server
  const count = workers === 'auto' ? availableParallelism() : workers
  const deps = { clock, log, metrics }
  // Before the mail parts, which may give up the right to bind.
  const { listeners } = config.managesieve
  const wantsGate = Object.keys(listeners).length > 0
  const gatePorts = wantsGate ? parts.use(await bindPorts({ listeners, server: config.server }, clock, log)) : undefined
  const mail = parts.use(count === 0 ? await serveAlone(first, deps) : await serveWithWorkers(first, count, deps))
  const gate =
    gatePorts === undefined ? undefined : parts.use(await startManageSieveProcess(first.revision, gatePorts, deps))
  parts.use(startIndexer({ directory: spoolPaths(config.server.spool).history, clock, log, metrics }))

  const readAnew = async (): Promise<ResultOf['reload']> => {
    const next = await loadUsable(configDirectory, mail.revision())
    const before = mail.revision()
    await mail.use(next)
    await gate?.use(next.revision).catch((err: unknown) => log.error('managesieve.not-reloaded', { err }))
    log.setLevel(next.revision.config.monitor.log)
    log.info('reload', { before: before.id, revision: next.revision.id })
    logWarnings(next, log)
    const notes = [...needsRestart(before, next.revision), ...next.diagnostics.map(warningLine)]
    return { before: before.id, revision: next.revision.id, notes }
  }
  // One after the other: what was read last is what counts in the end.
  const inTurn = oneAtATime<'reload'>()
  const reload = (): Promise<ResultOf['reload']> => inTurn('reload', readAnew)
  const onHangUp = (): void => {
    reload().catch((error: unknown) => log.error('reload.refused', { err: error }))
  }
  process.on('SIGHUP', onHangUp)
  parts.defer(() => void process.off('SIGHUP', onHangUp))

  /** The process beside the mail, where there is one. */
  const gateChecks = () => (gate === undefined ? [] : [gate.check()])
  const health = async (): Promise<Health> => {
    const { checks } = await mail.health()
    const all = [...checks, ...gateChecks()]
    return { ok: all.every(({ ok }) => ok), checks: all }
  }
  const status = async (): Promise<ResultOf['status']> => {
    const { id, config: now } = mail.revision()
    return {
      version: VERSION,
      revision: id,
      startedAt,
      listeners: [
        ...Object.entries(mail.addresses).map(([name, at]) => ({
          name,
          service: now.listeners[name]?.service ?? 'gone',
          ...at,
        })),
        ...Object.entries(gate?.addresses ?? {}).map(([name, at]) => ({ name, service: 'managesieve', ...at })),
      ],
      workers: await mail.workers(),
      ...countsOf(await mail.reports(), [...mail.checks(), ...gateChecks()]),
    }
  }
  const handlers = controlHandlers({
    status,
    reload: () => reload().catch(asControlError),
    doctor: async () => ({ checks: [...(await mail.doctor()).checks, ...gateChecks().map(asDoctor)] }),
    queue: mail.queue,
    follow: (onRecord) => mail.follow(onRecord),
  })
  const ended = new AbortController()
  parts.use(await startControl({ path: config.server.control, handlers, log, signal: ended.signal }))
  const { address, port } = config.monitor
  if (port !== undefined) parts.use(await startMonitor({ address, port, log, metrics: () => mail.metrics(), health }))

  log.info('ready', {
    revision: first.revision.id,
    listeners: mail.addresses,
    ...(gate === undefined ? {} : { managesieve: gate.addresses }),
  })
  ready()
  await aborted(signal)

  const [{ balanced, detail }] = await Promise.all([mail.stop(STOP_MS), gate?.stop(STOP_MS)])
  ended.abort()
  log.info('stopped', { ledger: detail })
  if (!balanced) throw new Error(`the ledger does not balance: ${detail}`)
}

const asDoctor = ({ name, ok, detail }: Health['checks'][number]) => ({ name, fine: ok, detail })

function asControlError(error: unknown): never {
  if (!(error instanceof ConfigurationRefused)) throw error
  throw new ControlError('invalid-configuration', 'the configuration has errors; nothing was changed', error.message)
}

/** What a reload cannot change. */
function needsRestart(before: LoadedRevision, after: LoadedRevision): readonly string[] {
  const parts = ['server', 'listeners', 'dns', 'history', 'state', 'managesieve.listeners'] as const
  const fixed = ({ config }: LoadedRevision) => ({
    ...config,
    state: { ...config.state, tables: undefined },
    'managesieve.listeners': config.managesieve.listeners,
  })
  const [old, next] = [fixed(before), fixed(after)]
  return parts
    .filter((part) => JSON.stringify(old[part]) !== JSON.stringify(next[part]))
    .map((part) => `${part}: takes effect at the next start`)
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
