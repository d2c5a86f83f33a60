// SPDX-License-Identifier: Apache-2.0
/**
 * A server for tests, composed in this process: the real session and policy over real sockets, a queue in memory, and
 * a directory of a few people.
 *
 * Domains: example.org. Users: kim, pia, lee (suspended), zoe (disabled), jürgen. Group: team (kim, far@example.net).
 * Sign-in: kim, password `secret`, by PLAIN, LOGIN and SCRAM-SHA-256.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { parse } from 'yaml'
import { type Domain, domainOf, localPartOf, type MailAddress } from '../../src/address/address.ts'
import type { Host } from '../../src/ask/ask.ts'
import { noFilters } from '../../src/ask/filters.ts'
import { NO_TABLES } from '../../src/ask/no-tables.ts'
import { NO_PRESSURE } from '../../src/ask/pressure.ts'
import type { Account, AddressEntry } from '../../src/ask/questions.ts'
import { systemClock } from '../../src/clock/clock.ts'
import type { Revision, RevisionId } from '../../src/config/revision.ts'
import { ConfigSchema } from '../../src/config/schema.ts'
import { STOCK_CHANNELS } from '../../src/config/schema-channels.ts'
import { selfSigned } from '../../src/config/self-signed.ts'
import { createIds } from '../../src/envelope/message-id.ts'
import { type Log, silentLog } from '../../src/monitor/log.ts'
import { type Counter, type Metrics, noMetrics } from '../../src/monitor/metrics.ts'
import { tablesOf } from '../../src/policy/access/fixture.ts'
import type { Trace, TraceRecord } from '../../src/policy/trace.ts'
import { MemoryStore } from '../../src/queue/memory-store.ts'
import type { Draft, QueuedMessage } from '../../src/queue/store.ts'
import { type SmtpServer, type SmtpServerDeps, startSmtpServer } from '../../src/smtp-server/server.ts'
import { ConnectionSlots, soleSlots } from '../../src/state/connection-slots.ts'

export interface Fixture extends AsyncDisposable {
  readonly server: SmtpServer
  readonly port: number
  readonly store: MemoryStore
  readonly records: readonly TraceRecord[]
  /** Sessions that ended by a bug. */
  readonly faults: () => number
  readonly counts: ReadonlyMap<string, number>
  readonly events: readonly string[]
  traces(): readonly Trace[]
  queued(): Promise<readonly QueuedMessage[]>
  contentOf(message: QueuedMessage): Promise<Buffer>
}

export interface FixtureOptions {
  readonly service?: 'smtp' | 'submission' | 'submissions' | 'lmtp'
  readonly config?: readonly (readonly [path: string, value: string])[]
  /** Text of the mapping tables. */
  readonly mappings?: string
  /** Personal filters by local part. */
  readonly filters?: ReadonlyMap<string, string>
  readonly begin?: (store: MemoryStore) => Draft
  readonly deps?: Partial<SmtpServerDeps>
}

const certificate = selfSigned({ hostname: 'mx.example.org', nowMs: Date.now(), days: 1 })

export function makeRevision(
  overrides: FixtureOptions['config'] = [],
  service = 'smtp',
  id = 'fixture',
  mappings = '',
): Revision {
  const input: Record<string, unknown> = {
    server: { hostname: 'mx.example.org' },
    listeners: { test: { service, address: '127.0.0.1', port: 0 } },
    networks: { own: ['127.0.0.9/32'] },
    channels: structuredClone(STOCK_CHANNELS),
  }
  for (const [path, value] of overrides) set(input, path.split('.'), parse(value))
  const config = ConfigSchema.parse(input)
  return {
    id: id as RevisionId,
    directory: '/nowhere',
    config,
    tables: tablesOf(mappings),
    where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
  }
}

export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const revision = makeRevision(options.config, options.service, 'fixture', options.mappings)
  const store = new MemoryStore()
  const records: TraceRecord[] = []
  const counts = new Map<string, number>()
  const events: string[] = []
  const { certificate: cert, key } = await certificate
  const context = createSecureContext({ cert, key })
  const server = await startSmtpServer({
    listeners: revision.config.listeners,
    slots: soleSlots(new ConnectionSlots(systemClock.monotonic), () => revision.config.limits),
    revision: () => revision,
    host: { ...directory(), ...(options.filters === undefined ? {} : personalFilters(options.filters)) },
    begin: () => (options.begin === undefined ? store.begin() : options.begin(store)),
    accepted: () => {},
    traces: { append: (record) => records.push(record) },
    log: recording(events),
    metrics: counting(counts),
    clock: systemClock,
    ids: createIds(() => Date.now(), Math.floor(Math.random() * 0x100000)),
    tlsContext: () => context,
    ...options.deps,
  })
  return {
    server,
    port: server.addresses()['test']?.port ?? 0,
    store,
    records,
    counts,
    events,
    faults: () => counts.get('postern_smtp_faults_total') ?? 0,
    traces: () => records.filter((record) => record.record === 'trace'),
    queued: () => Array.fromAsync(store.messages()),
    contentOf: async (message) => Buffer.concat(await Array.fromAsync(store.content(message.envelope.id))),
    [Symbol.asyncDispose]: () => server.stop(0),
  }
}

function set(target: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[first] = value
    return
  }
  const next = target[first]
  const inner: Record<string, unknown> = isRecord(next) ? next : {}
  target[first] = inner
  set(inner, rest, value)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const KIM: Account = { login: 'kim', addresses: ['kim@example.org' as MailAddress] }

function entryOf(address: MailAddress): AddressEntry | undefined {
  const user = localPartOf(address).toLowerCase()
  const mailbox = (status: 'active' | 'disabled' | 'suspended'): AddressEntry => ({
    entry: `user ${address}`,
    kind: 'user',
    user: address,
    status,
  })
  switch (user) {
    case 'kim':
    case 'pia':
    case 'jürgen':
    case 'postmaster':
      return mailbox('active')
    case 'lee':
      return mailbox('suspended')
    case 'zoe':
      return mailbox('disabled')
    case 'team':
      return {
        entry: `alias ${address}`,
        kind: 'group',
        members: [{ address: 'kim@example.org' as MailAddress }, { address: 'far@example.net' as MailAddress }],
      }
    default:
      return undefined
  }
}

/** RFC 5802 §3 */
export function scramKeys(password: string) {
  const salt = Buffer.from('0123456789abcdef')
  const iterations = 4096
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  return {
    account: KIM,
    salt: salt.toString('base64'),
    iterations,
    storedKey: createHash('sha256').update(clientKey).digest('base64'),
    serverKey: createHmac('sha256', salted).update('Server Key').digest('base64'),
  }
}

export function directory(): Omit<Host, 'queue.commit' | 'slot.claim' | 'client.early'> {
  const ours = (domain: Domain): boolean => domain === 'example.org' || domain === 'mx.example.org'
  const keys = scramKeys('secret')
  return {
    now: () => Date.now(),
    random: ({ octets }) => randomBytes(octets).toString('hex'),
    dns: () => ({ kind: 'absent', why: 'nxdomain', ttlSeconds: 60 }),
    ...NO_TABLES,
    pressure: () => NO_PRESSURE,
    crashes: () => ({ crashes: [], othersInHand: false }),
    'directory.domain': ({ domain }) => {
      if (domain === 'defer.example') return { kind: 'defer', cause: 'the directory is away' }
      return ours(domain) ? { kind: 'found', value: { domain } } : { kind: 'absent' }
    },
    'directory.address': ({ address }) => {
      if (localPartOf(address) === 'crash') throw new Error('a bug for tests')
      if (localPartOf(address) === 'away') return { kind: 'defer', cause: 'the directory is away' }
      const entry = ours(domainOf(address)) ? entryOf(address) : undefined
      return entry === undefined ? { kind: 'absent' } : { kind: 'found', value: entry }
    },
    'directory.scram': ({ login }) => ({ kind: 'found', value: { keys, known: login === 'kim' } }),
    'directory.password': ({ login, password }) => {
      if (login === 'away') return { kind: 'defer', cause: 'the directory is away' }
      return login === 'kim' && password === 'secret' ? { kind: 'found', value: KIM } : { kind: 'absent' }
    },
  }
}

const personalFilters = (scripts: ReadonlyMap<string, string>): Pick<Host, 'directory.filters'> => ({
  'directory.filters': ({ user }) => {
    const address = user as MailAddress
    const script = scripts.get(localPartOf(address))
    return { kind: 'found', value: { ...noFilters(address), personal: script === undefined ? [] : [script] } }
  },
})

function counting(counts: Map<string, number>): Metrics {
  const counter = (name: string): Counter => ({
    add(by = 1) {
      counts.set(name, (counts.get(name) ?? 0) + by)
    },
  })
  return { ...noMetrics, counter, counters: (name) => ({ with: () => counter(name) }) }
}

function recording(events: string[]): Log {
  const write = (event: string, fields?: Readonly<Record<string, unknown>>): void => {
    events.push(event)
    if (process.env['SHOW_LOG'] !== undefined) console.error(event, fields)
  }
  const log: Log = { ...silentLog, child: () => log, info: write, warn: write, error: write }
  return log
}
