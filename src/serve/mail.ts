// SPDX-License-Identifier: Apache-2.0
/**
 * Everything of one process that takes in, decides, queues and delivers mail: what a worker is, and what a process
 * that is alone has beside its control. What must be one across workers is handed in (design 2.5).
 */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { MailAddress } from '../address/address.ts'
import { drive, type Host } from '../ask/ask.ts'
import { NO_FILTERS } from '../ask/no-tables.ts'
import { siteCallOuts } from '../call-outs/site-call-outs.ts'
import type { ChannelDeps } from '../channels/deps.ts'
import { Destinations } from '../channels/destinations.ts'
import type { Clock } from '../clock/clock.ts'
import { spoolPaths } from '../config/spool-paths.ts'
import type { LoadedRevision } from '../config/where.ts'
import { oneQueue, type QueueHandlers, queueHandlers } from '../control/queue-handlers.ts'
import type { Report } from '../control/report.ts'
import { siteDirectories } from '../directory/site-directories.ts'
import { dnsAnswer } from '../dns/host.ts'
import { createResolver } from '../dns/resolver.ts'
import { keepLists } from '../dnsbl/keeper.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { createIds } from '../envelope/message-id.ts'
import { createHistoryWriter, type HistoryWriter } from '../history/writer.ts'
import { startGuards } from '../monitor/guards.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { PinoLog } from '../monitor/pino-log.ts'
import { summedGauges } from '../monitor/summed-gauges.ts'
import { sentOnBy } from '../policy/forwarding.ts'
import { placeOwnMail } from '../policy/own-mail.ts'
import { checkConservation } from '../queue/conservation.ts'
import { GuardedDraft } from '../queue/guarded-draft.ts'
import { readBootId } from '../queue/in-hand-disk.ts'
import { crashAnswer, suspectsCheck, suspectsOf } from '../queue/in-hand-host.ts'
import type { DestinationSlots } from '../queue/schedule/slots.ts'
import { ContentMemory } from '../smtp-server/content-memory.ts'
import { type SmtpServer, startSmtpServer } from '../smtp-server/server.ts'
import type { SlotSource } from '../state/connection-slots.ts'
import type { OpenCounters } from '../state/counters.ts'
import { filterAnswers } from './filter-answers.ts'
import { lateFilters } from './late-filters.ts'
import { outgoingAccess } from './outgoing-access.ts'
import { compilePolicy, type Policy } from './policy.ts'
import { quotaAnswers } from './quota-answers.ts'
import { openShard, type Shard } from './shard.ts'
import { clear, learn, receptionsIn, type Suspicions } from './suspects.ts'
import { tableAnswers } from './table-answers.ts'
import { VERSION } from './version.ts'

/** DNS lists are tested before the first client comes, unless that takes longer than anyone waits for a start. */
const LIST_PATIENCE_MS = 1000

export interface MailOptions {
  readonly revision: LoadedRevision
  /** Names this process's files of the history; empty for one that is alone. */
  readonly name: string
  /** Another worker raises the alarms that are about the machine. */
  readonly quiet?: boolean
  /** Shards of the queue to own, at least one. New mail goes into the first. */
  readonly shards: readonly number[]
  /** How long to wait for shards that a process of before still has. */
  readonly shardPatienceMs: number
  /** A message that was in hand at a crash has come through. */
  readonly cleared?: (key: string) => void
  readonly slots: SlotSource
  /** For call-outs; outlive the mail. */
  readonly counters: OpenCounters
  /** Shared with other workers; this process's own unless given. */
  readonly destinationSlots?: DestinationSlots
  /** Ports that are bound already, by the name of the listener. */
  readonly descriptors?: ReadonlyMap<string, number>
  /** Octets that TLS session tickets are made with; the same in all workers (design 2.4). */
  readonly ticketKeys: Buffer
  readonly clock: Clock
  readonly log: PinoLog
  readonly metrics: Metrics
}

export interface Mail extends AsyncDisposable {
  readonly addresses: ReturnType<SmtpServer['addresses']>
  readonly queue: QueueHandlers
  readonly history: HistoryWriter
  revision(): LoadedRevision
  /**
   * Builds what a new revision needs. The returned function puts it to use, at once and without failing; until it is
   * called nothing has changed. @throws Error
   */
  prepare(next: LoadedRevision): () => void
  /** Slots of a destination came free, or it is open again: those handed in as `destinationSlots` say so. */
  look(channel: ChannelName, key: string): void
  /** Takes over a shard that nobody owns. @throws QueueInUse */
  adopt(shard: number): Promise<void>
  setTicketKeys(keys: Buffer): void
  /** Messages that were being received at a crash, as the shards here know them. */
  suspicions(): Suspicions
  /** Takes in what others know of such. */
  learn(suspicions: Suspicions): void
  /** One came through elsewhere. */
  clear(key: string): void
  report(): Report
  /** Ends sessions, then deliveries, each within the deadline. */
  stop(deadlineMs: number): Promise<void>
}

/** @throws when the spool, a shard or a port cannot be had; nothing is left open then */
export async function startMail(options: MailOptions): Promise<Mail> {
  await using parts = new AsyncDisposableStack()
  const { clock, log, metrics, counters } = options
  const { config } = options.revision
  const paths = spoolPaths(config.server.spool)
  for (const folder of [config.server.spool, config.server.mailboxes])
    await mkdir(folder, { recursive: true, mode: 0o700 })
  const ids = createIds(clock.now, randomInt(2 ** 20))
  const random = (): number => randomInt(2 ** 32) / 2 ** 32

  const history = parts.use(
    createHistoryWriter({
      directory: paths.history,
      writer: options.name,
      clock,
      log,
      metrics,
      keepMs: config.history.keep,
      sizeBytes: config.history.size,
    }),
  )
  const { servers, timeout: timeoutMs, cacheEntries } = config.dns
  const resolver = parts.use(createResolver({ servers, timeoutMs, cacheEntries, clock, log, metrics }))
  const directories = parts.use(
    siteDirectories({
      file: paths.directory,
      shared: { folder: paths.ldap, now: clock.now },
      log,
      metrics,
    }),
  )
  let { ticketKeys } = options
  const compile = (revision: LoadedRevision): Policy => compilePolicy(revision, directories, ticketKeys)
  let policy = compile(options.revision)
  const revision = (): LoadedRevision => policy.revision
  const { spool, hostname, mailboxes } = config.server
  // The cache would go on saying what a list said before it went wrong.
  const uncached = parts.use(createResolver({ servers, timeoutMs, cacheEntries: 0, clock, log }))
  const lists = parts.use(keepLists({ config, resolver: uncached, clock, log, metrics, quiet: options.quiet === true }))
  const guards = parts.use(
    await startGuards({ spool, revision, traces: history, quiet: options.quiet === true, clock, log, metrics }),
  )

  const quotas = quotaAnswers({ directory: () => policy.directory, revision, clock, mailboxes })
  const reads: Omit<Host, 'queue.commit' | 'slot.claim' | 'client.early' | 'crashes'> = {
    ...NO_FILTERS,
    now: () => clock.now(),
    random: ({ octets }) => randomBytes(octets).toString('hex'),
    ...dnsAnswer(resolver),
    'directory.domain': (question) => policy.directory['directory.domain'](question),
    'directory.address': (question) => policy.directory['directory.address'](question),
    'directory.attribute': (question) => policy.directory['directory.attribute'](question),
    'directory.password': (question) => policy.directory['directory.password'](question),
    'directory.scram': (question) => policy.directory['directory.scram'](question),
    'directory.filters': (question) => policy.directory['directory.filters'](question),
    ...tableAnswers({
      callOuts: siteCallOuts({ resolver, counters, config: () => revision().config, log }),
      ldapText: (url) => policy.ldapText(url),
      clock,
      log,
    }),
    ...guards.answers,
    ...lists.answers,
    ...filterAnswers({ counters, clock, revision, mailboxes }),
    'mailbox.room': quotas['mailbox.room'],
  }
  const noSession: Host = {
    ...reads,
    crashes: () => ({ crashes: [], othersInHand: false }),
    'slot.claim': () => ({ granted: true }),
    'client.early': () => ({ octets: 0 }),
    'queue.commit': () => ({ kind: 'defer', cause: 'not a session' }),
  }
  const place = async (address: MailAddress) => await drive(placeOwnMail(revision(), address), noSession)
  const sentOn: NonNullable<ChannelDeps['sentOn']> = async (sender, members) =>
    await drive(sentOnBy(revision(), sender, members), noSession)
  const contentMemory = new ContentMemory(clock)
  const self = new Set<string>([hostname.toLowerCase()])
  const outgoing = outgoingAccess({ revision, host: noSession, clock, log, traces: history })
  const destinations = parts.use(
    new Destinations({
      resolver,
      clock,
      log,
      random,
      hostname,
      self: () => self,
      place,
      sentOn,
      mailboxes,
      quotaOf: quotas.quotaOf,
      ipAccess: outgoing.ipAccess,
    }),
  )
  destinations.use(revision())

  const shards: Shard[] = []
  // A stack of its own: shards are opened later too, when `parts` belongs to the caller.
  const opened = parts.use(new AsyncDisposableStack())
  const open = async (number: number, patienceMs = 0): Promise<Shard> => {
    const run = { boot: readBootId(), pid: process.pid, startedAt: clock.now(), version: VERSION }
    const shard = await openShard(number, {
      paths,
      run,
      patienceMs,
      runner: {
        destinations: () => destinations.current(),
        revision,
        place,
        filterLate: lateFilters({ revision, host: noSession, memory: contentMemory }),
        sentOn,
        dequeueAccess: outgoing.dequeueAccess,
        clock,
        log,
        metrics: gauges.of(number),
        traces: history,
        random,
        randomBytes,
        ids,
        counters,
        ...(options.destinationSlots === undefined ? {} : { slots: options.destinationSlots }),
      },
    })
    opened.use(shard)
    shards.push(shard)
    learn(shards, receptionsIn(shards))
    return shard
  }
  const gauges = summedGauges(metrics)
  await Promise.all(options.shards.map((number) => open(number, options.shardPatienceMs)))
  shards.sort((a, b) => a.number - b.number)
  const [home] = shards
  if (home === undefined) throw new Error('a process that serves mail needs a shard of the queue')

  await within(lists.tested, LIST_PATIENCE_MS, clock)
  const server = await startSmtpServer({
    listeners: config.listeners,
    ...(options.descriptors === undefined ? {} : { descriptors: options.descriptors }),
    slots: options.slots,
    revision,
    host: { ...reads, ...crashAnswer(home.inHand) },
    begin: () => new GuardedDraft(home.store.begin(), guards.space),
    inHand: {
      begin: (key, stage) => home.inHand.begin(key, stage),
      clear(key) {
        if (home.inHand.crashes(key) === 0) return
        clear(shards, key)
        options.cleared?.(key)
      },
    },
    contentMemory,
    accepted: (id) => home.runner.accepted(id),
    traces: guards.traces,
    log,
    metrics,
    clock,
    ids,
    tlsContext: () => policy.tls,
  })
  const addresses = server.addresses()
  for (const { address, port } of Object.values(addresses)) self.add(`${address}:${port}`)
  metrics.gauge('postern_suspects', 'Messages in hand at a crash, not cleared yet', () => suspectsOf(shards))
  for (const { runner } of shards) runner.start()

  const kept = parts.move()
  return {
    addresses,
    history,
    revision,
    queue: oneQueue(() =>
      shards.map(({ store, runner }) => queueHandlers({ store, runner, revision, now: clock.now })),
    ),
    prepare(next) {
      const built = compile(next)
      return () => {
        policy = built.withTicketKeys(ticketKeys)
        destinations.use(next)
        lists.use(next.config)
        log.setLevel(next.config.monitor.log)
      }
    },
    look(channel, key) {
      for (const { runner } of shards) runner.look(channel, key)
    },
    async adopt(number) {
      const shard = await open(number)
      shard.runner.start()
      log.info('queue.shard-adopted', { shard: number })
    },
    setTicketKeys(keys) {
      ticketKeys = keys
      policy = policy.withTicketKeys(keys)
    },
    suspicions: () => receptionsIn(shards),
    learn: (suspicions) => learn(shards, suspicions),
    clear: (key) => clear(shards, key),
    report: () => ({
      shards: shards.map(({ number }) => number),
      connections: server.connections(),
      ...waitingIn(shards),
      ledger: ledgerOf(shards),
      dropped: history.dropped,
      machine: [
        ...guards.checks(),
        ...lists.checks(),
        ...policy.checks(),
        ...(counters.check === undefined ? [] : [counters.check()]),
        suspectsCheck(shards),
      ],
    }),
    async stop(deadlineMs) {
      await server.stop(deadlineMs)
      await Promise.all(shards.map(({ runner }) => runner.stop(deadlineMs)))
      await history.flush()
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Ends when the work does, or when the time is over. */
async function within(work: Promise<void>, ms: number, clock: Clock): Promise<void> {
  const late = Promise.withResolvers<void>()
  const cancel = clock.after(ms, late.resolve)
  await Promise.race([work, late.promise])
  cancel()
}

function waitingIn(shards: readonly Shard[]): { readonly queued: number; readonly held: number } {
  const count = { queued: 0, held: 0 }
  for (const { store } of shards)
    for (const { waiting } of store.entries()) for (const { state } of waiting) count[state]++
  return count
}

function ledgerOf(shards: readonly Shard[]): Report['ledger'] {
  const checks = shards.map(({ number, store }) => ({ number, ...checkConservation(store) }))
  const wrong = checks.filter(({ balanced }) => !balanced)
  if (checks.length === 1) return { balanced: wrong.length === 0, detail: checks[0]?.detail ?? '' }
  const told = wrong.length > 0 ? wrong : checks
  return { balanced: wrong.length === 0, detail: told.map((one) => `shard ${one.number}: ${one.detail}`).join('; ') }
}
