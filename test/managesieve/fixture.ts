// SPDX-License-Identifier: Apache-2.0
/**
 * A ManageSieve server for tests, composed in this process: the real session, sign-in and Sieve engine over real
 * sockets, rules in memory. Sign-in: kim, password `secret`; and `away`, whose directory does not answer.
 */
import { createSecureContext } from 'node:tls'
import { parse } from 'yaml'
import { type Clock, systemClock } from '../../src/clock/clock.ts'
import { ConfigSchema } from '../../src/config/schema.ts'
import { selfSigned } from '../../src/config/self-signed.ts'
import { filterEngine } from '../../src/config/site-filters.ts'
import type { Replaced, RuleStore } from '../../src/directory/rule-store.ts'
import { scriptChecker } from '../../src/managesieve/script-checker.ts'
import { type ManageSieveDeps, type ManageSieveServer, startManageSieve } from '../../src/managesieve/server.ts'
import { type Log, silentLog } from '../../src/monitor/log.ts'
import { directory } from '../conversations/server-fixture.ts'

export interface Fixture extends AsyncDisposable {
  readonly server: ManageSieveServer
  readonly port: number
  readonly events: readonly { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[]
  values(): readonly string[]
}

export interface FixtureOptions {
  readonly config?: readonly (readonly [path: string, value: string])[]
  readonly rules?: readonly string[]
  readonly clock?: Clock
  readonly deps?: Partial<ManageSieveDeps>
}

const certificate = selfSigned({ hostname: 'mx.example.org', nowMs: Date.now(), days: 1 })

export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const config = settingsOf(options.config ?? [])
  const store = new MemoryRules(options.rules ?? [])
  const events: Fixture['events'][number][] = []
  const { certificate: cert, key } = await certificate
  const context = createSecureContext({ cert, key })
  const checker = scriptChecker(filterEngine(config.filters))
  const server = await startManageSieve({
    listeners: config.managesieve.listeners,
    settings: () => config,
    checker: () => checker,
    signIn: directory(),
    rules: store,
    log: recording(events),
    clock: options.clock ?? systemClock,
    tlsContext: () => context,
    ...options.deps,
  })
  return {
    server,
    port: server.addresses()['test']?.port ?? 0,
    events,
    values: () => store.values,
    [Symbol.asyncDispose]: () => server.stop(0),
  }
}

function settingsOf(overrides: readonly (readonly [path: string, value: string])[]) {
  const managesieve: Record<string, unknown> = {
    listeners: { test: { address: '127.0.0.1', port: 0 } },
    failureDelay: '0s',
  }
  const sections: Record<string, Record<string, unknown>> = { managesieve, sasl: {}, limits: {} }
  for (const [path, value] of overrides) {
    const [section = '', key = ''] = path.split('.')
    const target = sections[section]
    if (target === undefined) throw new Error(`no settings under ${section}`)
    target[key] = parse(value)
  }
  return ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {}, ...sections })
}

/** Rules of one person in memory, as the directory keeps them. */
export class MemoryRules implements RuleStore {
  values: readonly string[]
  #state = 0

  constructor(values: readonly string[]) {
    this.values = values
  }

  /** As another process would. */
  push(value: string): void {
    this.values = [...this.values, value]
    this.#state++
  }

  async rules(user: string): ReturnType<RuleStore['rules']> {
    if (user === 'away') return { kind: 'defer', cause: 'the directory is away' }
    return { kind: 'found', value: { values: this.values, state: String(this.#state) } }
  }

  async replace(_user: string, values: readonly string[], state: string): Promise<Replaced> {
    if (state !== String(this.#state)) return { kind: 'conflict' }
    this.values = values
    this.#state++
    return { kind: 'stored' }
  }
}

function recording(events: Fixture['events'][number][]): Log {
  const write = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    events.push({ event, fields })
  }
  const log: Log = { ...silentLog, child: () => log, info: write, warn: write, error: write }
  return log
}
