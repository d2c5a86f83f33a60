// SPDX-License-Identifier: Apache-2.0
/**
 * Which DNS lists may be used. Each is tested with its canaries at the start and now and then, and watched for listing
 * far more clients than usual; one that is wrong is out until its canaries are right again. Each process that serves
 * mail keeps its own view: what a list does to one it does to all.
 */
import type { Host } from '../ask/ask.ts'
import type { Clock } from '../clock/clock.ts'
import type { Config } from '../config/schema.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Log } from '../monitor/log.ts'
import type { Metrics } from '../monitor/metrics.ts'
import { nativeLists, serviceLists } from '../policy/dns-lists.ts'
import { Breaker } from './breaker.ts'
import { askCanaries, type CanaryResult } from './canaries.ts'

/** How one list stands. */
export interface ListHealth {
  readonly zone: string
  /** `untested`: no canary has come back yet; it is not used either. */
  readonly state: 'used' | 'out' | 'untested'
  readonly why?: string
  /** Rounds of canaries in a row that nobody answered. */
  readonly silent: number
  /** Clients asked about and listed since the start, answers from the cache included. */
  readonly asked: number
  readonly listed: number
}

export interface ListKeeper extends AsyncDisposable {
  readonly answers: Pick<Host, 'dnsLists.out' | 'dnsLists.told'>
  /** Resolves when every list has been tested once, well or badly. */
  readonly tested: Promise<void>
  health(): readonly ListHealth[]
  /** For `/health`, `status` and `doctor`; none where there are no lists. */
  checks(): readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
  /** Another configuration: lists it has in common with the one before stay as they stand. */
  use(config: Config): void
}

export interface ListKeeperOptions {
  readonly config: Config
  /** Without a cache. */
  readonly resolver: Pick<Resolver, 'lookup'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Another process raises the alarms. */
  readonly quiet: boolean
}

/** Checks of this name are about a list. */
export const CHECK_PREFIX = 'DNS list '

interface Watched {
  readonly zone: string
  readonly families: readonly ('ipv4' | 'ipv6')[]
  state: ListHealth['state']
  why: string | undefined
  outSinceMs: number
  silent: number
  asked: number
  listed: number
  breaker: Breaker
}

/** While a list is not used it is tested this often, where the setting says more seldom. */
const ANXIOUS_MS = 60_000
/** One that the breaker took out stays out so long at least, however right its canaries are: the alarm is to be seen. */
const LEAST_OUT_MS = 60_000
/** Rounds without an answer before the health check says so; short failures are everybody's. */
const SILENT_ROUNDS = 3

export function keepLists(options: ListKeeperOptions): ListKeeper {
  const { resolver, clock, log, metrics, quiet } = options
  let settings = options.config.dnsLists
  let watched = new Map<string, Watched>()
  const closing = new AbortController()
  const answered = metrics.counters('postern_dns_list_answers_total', 'What DNS lists said of clients', [
    'zone',
    'result',
  ])
  const tripped = metrics.counters('postern_dns_list_breaker_total', 'Times a DNS list listed too many', ['zone'])
  const notUsed = () => [...watched.values()].filter(({ state }) => state !== 'used')
  metrics.gauge('postern_dns_lists_out', 'DNS lists that are not used now', () => notUsed().length, 'max')
  const alarm = quiet ? log.info : log.error

  const takeOut = (one: Watched, why: string): void => {
    if (one.state !== 'out') alarm('dns-list.out', { zone: one.zone, why })
    one.state = 'out'
    one.why = why
    one.outSinceMs = clock.monotonic()
  }
  const judge = (one: Watched, result: CanaryResult): void => {
    if (result.kind === 'silent') {
      one.silent += 1
      log.debug('dns-list.silent', { zone: one.zone, cause: result.why })
      return
    }
    one.silent = 0
    if (result.kind === 'wrong') {
      takeOut(one, result.why)
      return
    }
    if (one.state === 'out') {
      if (clock.monotonic() - one.outSinceMs < LEAST_OUT_MS) return
      log.info('dns-list.back', { zone: one.zone })
    }
    one.state = 'used'
    one.why = undefined
  }

  const test = async (): Promise<void> => {
    const rounds = [...watched.values()].map(async (one) => {
      const result = await askCanaries(resolver, one, closing.signal)
      // It may have left the configuration meanwhile.
      if (!closing.signal.aborted) judge(one, result)
    })
    await Promise.all(rounds)
  }
  let round: Promise<void> = Promise.resolve()
  let cancel = (): void => {}
  /** Tests now, and plans the next time. */
  const testNow = (): Promise<void> => {
    cancel()
    round = round.then(test).then(() => {
      if (closing.signal.aborted || watched.size === 0) return
      cancel = clock.after(
        notUsed().length > 0 ? Math.min(settings.canaries, ANXIOUS_MS) : settings.canaries,
        () => void testNow(),
      )
    })
    return round
  }

  const use = (config: Config): Promise<void> => {
    settings = config.dnsLists
    const before = watched
    watched = new Map()
    for (const { zone, families } of listsOf(config)) {
      const known = watched.get(zone) ?? before.get(zone)
      const both = known !== undefined && watched.has(zone) ? [...new Set([...known.families, ...families])] : families
      watched.set(zone, known === undefined ? fresh(zone, both) : { ...known, families: both })
    }
    return testNow()
  }
  const tested = use(options.config)

  return {
    tested,
    answers: {
      'dnsLists.out': () =>
        notUsed().map(({ zone, state, why }) => ({
          zone,
          why: why ?? (state === 'untested' ? 'not tested yet' : 'not known'),
        })),
      'dnsLists.told': ({ client, said }) => {
        for (const { zone, listed } of said) {
          const one = watched.get(zone)
          if (one === undefined) continue
          answered.with({ zone, result: listed ? 'listed' : 'not listed' }).add()
          one.asked += 1
          if (listed) one.listed += 1
          if (!one.breaker.told(client, listed) || !settings.breaker || one.state !== 'used') continue
          const { share, usual, recent } = one.breaker
          tripped.with({ zone }).add()
          takeOut(one, `it listed ${percent(share)} of the last ${recent} clients, usual are ${percent(usual)}`)
          one.breaker.settle()
          void testNow()
        }
        return undefined
      },
    },
    health: () =>
      [...watched.values()].map(({ zone, state, why, silent, asked, listed }) => ({
        zone,
        state,
        ...(why === undefined ? {} : { why }),
        silent,
        asked,
        listed,
      })),
    checks: () =>
      [...watched.values()].map((one) => ({
        name: `${CHECK_PREFIX}${one.zone}`,
        ok: one.state !== 'out' && one.silent < SILENT_ROUNDS,
        detail: describe(one),
      })),
    use: (config) => void use(config),
    async [Symbol.asyncDispose]() {
      cancel()
      closing.abort()
      await round
    },
  }
}

/** Every list of the configuration, as it is to be tested. */
export const listsOf = (config: Config) => [
  ...nativeLists(config.dnsLists),
  ...Object.keys(config.dnsLists.services).flatMap((name) => serviceLists(config.dnsLists, name)),
]

const fresh = (zone: string, families: Watched['families']): Watched => ({
  zone,
  families,
  state: 'untested',
  why: undefined,
  outSinceMs: 0,
  silent: 0,
  asked: 0,
  listed: 0,
  breaker: new Breaker(),
})

function describe({ state, why, silent, asked, listed }: Watched): string {
  const counts = asked === 0 ? 'no client asked about yet' : `${listed} of ${asked} clients listed`
  const quietly = silent === 0 ? '' : `; no answer in ${silent} tests`
  return `${state}${why === undefined ? '' : `: ${why}`}; ${counts}${quietly}`
}

const percent = (share: number): string => `${Math.round(share * 100)} %`
