// SPDX-License-Identifier: Apache-2.0
/**
 * The composition root: reads the configuration, builds the parts, hands them to each other, and waits for the signal.
 * One process for now; the parts know nothing of that (design 2.4).
 */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { basename } from 'node:path'
import type { MailAddress } from './address/address.ts'
import { drive, type Host } from './ask/ask.ts'
import { Destinations } from './channels/destinations.ts'
import { ownEndpoints } from './channels/ourselves.ts'
import { systemClock } from './clock/clock.ts'
import { type Diagnostic, formatDiagnostics } from './config/diagnostic.ts'
import { loadRevision } from './config/load.ts'
import { spoolPaths } from './config/spool-paths.ts'
import type { LoadedRevision } from './config/where.ts'
import { controlHandlers } from './control/handlers.ts'
import { ControlError } from './control/protocol.ts'
import { startControl } from './control/server.ts'
import { openDirectory } from './directory/embedded.ts'
import { FILE_CHECKERS } from './directory/file-checkers.ts'
import { directoryAnswers } from './directory/host.ts'
import { withAliasFile } from './directory/site-directory.ts'
import { dnsAnswer } from './dns/host.ts'
import { createResolver } from './dns/resolver.ts'
import { createIds } from './envelope/message-id.ts'
import { startIndexer } from './history/indexer.ts'
import { createHistoryWriter } from './history/writer.ts'
import { startGuards } from './monitor/guards.ts'
import { startMonitor } from './monitor/health.ts'
import type { Log } from './monitor/log.ts'
import { createLog } from './monitor/pino-log.ts'
import { createMetrics } from './monitor/prom-metrics.ts'
import { placeOwnMail } from './policy/own-mail.ts'
import { checkConservation } from './queue/conservation.ts'
import { openFileStore } from './queue/file-store.ts'
import { guardedDraft } from './queue/guarded-draft.ts'
import { openInHand } from './queue/in-hand.ts'
import { readBootId } from './queue/in-hand-disk.ts'
import { crashAnswer, suspectsCheck } from './queue/in-hand-host.ts'
import { QueueRunner } from './queue/runner.ts'
import { startSmtpServer } from './smtp-server/server.ts'
import { createTlsContext } from './smtp-server/tls.ts'
import { ConnectionSlots, soleSlots } from './state/connection-slots.ts'

export const VERSION = '0.1.0'

/** How long transactions and deliveries under way may take when the server is told to stop. */
const STOP_MS = 10_000

/** A configuration that does not load; the message holds the diagnostics, ready to print. */
export class ConfigurationRefused extends Error {
  override readonly name = 'ConfigurationRefused'
}

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
  const first = await load(configDirectory)
  let { revision } = first
  const { config } = revision
  const paths = spoolPaths(config.server.spool)
  for (const folder of [config.server.spool, config.server.mailboxes])
    await mkdir(folder, { recursive: true, mode: 0o700 })

  // First in, last out: everything else may still have something to say.
  const log = parts.use(createLog({ level: config.monitor.log }))
  logWarnings(first, log)
  const metrics = createMetrics()
  const ids = createIds(clock.now, randomInt(2 ** 20))
  const random = (): number => randomInt(2 ** 32) / 2 ** 32

  const history = parts.use(
    createHistoryWriter({
      directory: paths.history,
      clock,
      log,
      metrics,
      keepMs: config.history.keep,
      sizeBytes: config.history.size,
    }),
  )
  parts.use(startIndexer({ directory: paths.history, clock, log, metrics }))
  const resolver = parts.use(
    createResolver({
      servers: config.dns.servers,
      timeoutMs: config.dns.timeout,
      cacheEntries: config.dns.cacheEntries,
      clock,
      log,
      metrics,
    }),
  )
  const embedded = openDirectory(paths.directory)
  parts.defer(() => embedded.close())
  const directoryOf = ({ config: { directory } }: LoadedRevision) =>
    directoryAnswers(withAliasFile({ path: directory.aliases, name: basename(directory.aliases) }, embedded))
  let answers = directoryOf(revision)

  const store = parts.use(await openFileStore(paths.queue, { log }))
  // After the store, which has one owner: a second server must not take the first one's work for a crash.
  const run = { boot: readBootId(), pid: process.pid, startedAt: clock.now(), version: VERSION }
  const inHand = parts.use(openInHand({ path: paths.inHand, run, now: clock.now, log, metrics }))
  const guards = parts.use(
    await startGuards({ spool: config.server.spool, revision: () => revision, traces: history, clock, log, metrics }),
  )

  const host: Omit<Host, 'queue.commit' | 'slot.claim' | 'client.early'> = {
    now: () => clock.now(),
    random: ({ octets }) => randomBytes(octets).toString('hex'),
    ...dnsAnswer(resolver),
    'directory.domain': (question) => answers['directory.domain'](question),
    'directory.address': (question) => answers['directory.address'](question),
    'directory.password': (question) => answers['directory.password'](question),
    'directory.scram': (question) => answers['directory.scram'](question),
    ...guards.answers,
    ...crashAnswer(inHand),
  }
  const noEffects: Host = {
    ...host,
    'slot.claim': () => ({ granted: true }),
    'client.early': () => ({ octets: 0 }),
    'queue.commit': () => ({ kind: 'defer', cause: 'not a session' }),
  }
  const place = async (address: MailAddress) => await drive(placeOwnMail(revision, address), noEffects)

  const self = new Set<string>([config.server.hostname.toLowerCase()])
  const { hostname, mailboxes } = config.server
  const destinations = parts.use(
    new Destinations({ resolver, clock, log, random, hostname, self: () => self, place, mailboxes }),
  )
  destinations.use(revision)
  const runner = new QueueRunner({
    store,
    destinations: () => destinations.current(),
    revision: () => revision,
    place,
    clock,
    log,
    metrics,
    traces: history,
    random,
    randomBytes,
    ids,
    inHand,
  })

  let tls = config.tls === undefined ? undefined : createTlsContext(config.tls)
  const server = await startSmtpServer({
    listeners: config.listeners,
    slots: soleSlots(new ConnectionSlots(clock.monotonic), () => revision.config.limits),
    revision: () => revision,
    host,
    begin: async () => guardedDraft(await store.begin(), guards.space),
    inHand,
    accepted: (id) => runner.accepted(id),
    traces: guards.traces,
    log,
    metrics,
    clock,
    ids,
    tlsContext: () => tls,
  })
  for (const own of Object.values(server.addresses()).flatMap((at) => ownEndpoints(at))) self.add(own)
  runner.start()

  const reload = async () => {
    const loaded = await load(configDirectory)
    const next = loaded.revision
    const before = revision
    // Built first: when one of them fails, nothing has changed.
    const nextTls = next.config.tls === undefined ? undefined : createTlsContext(next.config.tls)
    const nextAnswers = directoryOf(next)
    destinations.use(next)
    tls = nextTls
    answers = nextAnswers
    revision = next
    log.setLevel(next.config.monitor.log)
    log.info('reload', { before: before.id, revision: next.id })
    logWarnings(loaded, log)
    const notes = [...needsRestart(before, next), ...loaded.diagnostics.map(warningLine)]
    return { before: before.id, revision: next.id, notes }
  }
  const onHangUp = (): void => {
    reload().catch((error: unknown) => log.error('reload.refused', { err: error }))
  }
  process.on('SIGHUP', onHangUp)
  parts.defer(() => void process.off('SIGHUP', onHangUp))

  const machine = () => [...guards.checks(), suspectsCheck(inHand)]
  const startedAt = clock.now()
  const handlers = controlHandlers({
    version: VERSION,
    startedAt,
    now: clock.now,
    revision: () => revision,
    reload: () =>
      reload().catch((error: unknown) => {
        if (!(error instanceof ConfigurationRefused)) throw error
        throw new ControlError(
          'invalid-configuration',
          'the configuration has errors; nothing was changed',
          error.message,
        )
      }),
    store,
    runner,
    server,
    history,
    machine,
  })
  const ended = new AbortController()
  parts.use(await startControl({ path: config.server.control, handlers, log, signal: ended.signal }))
  if (config.monitor.port !== undefined)
    parts.use(
      await startMonitor({
        address: config.monitor.address,
        port: config.monitor.port,
        log,
        metrics: () => metrics.text(),
        health: () => {
          const { balanced, detail } = checkConservation(store)
          const checks = [{ name: 'ledger', ok: balanced, detail }, ...machine()]
          return { ok: checks.every(({ ok }) => ok), checks }
        },
      }),
    )

  log.info('ready', { revision: revision.id, listeners: server.addresses() })
  ready()
  await aborted(signal)

  await server.stop(STOP_MS)
  await runner.stop(STOP_MS)
  await history.flush()
  ended.abort()
  const { balanced, detail } = checkConservation(store)
  log.info('stopped', { ledger: detail })
  if (!balanced) throw new Error(`the ledger does not balance: ${detail}`)
}

/** A configuration without errors; what is left of its diagnostics are warnings. */
interface Usable {
  readonly revision: LoadedRevision
  readonly diagnostics: readonly Diagnostic[]
}

async function load(directory: string): Promise<Usable> {
  const { revision, diagnostics, sources } = await loadRevision(directory, { now: Date.now, checkers: FILE_CHECKERS })
  if (revision !== undefined) return { revision, diagnostics }
  throw new ConfigurationRefused(formatDiagnostics(diagnostics, sources, { color: false }))
}

const warningLine = ({ file, line, message }: Diagnostic): string => `${file}:${line}: warning: ${message}`

function logWarnings({ diagnostics }: Usable, log: Log): void {
  for (const { code, file, line, column, message } of diagnostics)
    log.warn('configuration.warning', { code, at: `${file}:${line}:${column}`, message })
}

/** What a reload cannot change. */
function needsRestart(before: LoadedRevision, after: LoadedRevision): readonly string[] {
  const same = (part: 'server' | 'listeners' | 'dns' | 'history'): boolean =>
    JSON.stringify(before.config[part]) === JSON.stringify(after.config[part])
  return (['server', 'listeners', 'dns', 'history'] as const)
    .filter((part) => !same(part))
    .map((part) => `${part}: takes effect at the next start`)
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
