// SPDX-License-Identifier: Apache-2.0
/**
 * Clients that mail was accepted from lately: under load they are the last to be refused. Learned from the traces,
 * bounded, in memory alone. One that breaks a limit as only attackers and broken programs do is forgotten, with its
 * network.
 */
import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Standing } from '../ask/pressure.ts'
import type { Clock } from '../clock/clock.ts'
import type { TraceRecord, TraceSink } from '../policy/trace.ts'

/** Addresses remembered, and networks; the ones not heard of for longest go first. About 100 octets each. */
export const MAX_KNOWN = 10_000
/** Said again within this it is no news, while there is much room: most clients send one message after the other. */
const RENEW_MS = 60_000
/** How long one accepted message speaks for a client: mail systems that write to us at all write once a week. */
export const KNOWN_MS = 7 * 86_400_000

/** Steps (smtp-server/limits.ts, policy/stages/session-limits.ts) that no mail system leaves. A timeout is the network's. */
const WORST = new Set([
  'limit badCommands',
  'limit refusedRecipients',
  'limit refusedSenders',
  'limit failedAuth',
  'limit swallowed',
])

export class KnownClients implements TraceSink {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #sink: TraceSink
  /** Monotonic time of the last accepted message, by address and by network, to RENEW_MS; the oldest first. */
  readonly #addresses = new Map<string, number>()
  readonly #networks = new Map<string, number>()

  /** @param sink is handed every trace on */
  constructor(sink: TraceSink, clock: Pick<Clock, 'monotonic'>) {
    this.#sink = sink
    this.#clock = clock
  }

  append(record: TraceRecord): void {
    this.#sink.append(record)
    if (record.record !== 'trace') return
    const { address } = record.client
    if (record.steps.some(({ result, stage }) => result === 'refuse' && WORST.has(stage))) this.#forget(address)
    else if (record.outcome === 'queued') this.#remember(address)
  }

  standing(address: string): Standing {
    if (this.#fresh(this.#addresses, address)) return 'good'
    return this.#fresh(this.#networks, networkOf(address)) ? 'near' : 'unknown'
  }

  #remember(address: string): void {
    const now = this.#clock.monotonic()
    touch(this.#addresses, address, now)
    touch(this.#networks, networkOf(address), now)
  }

  #forget(address: string): void {
    this.#addresses.delete(address)
    this.#networks.delete(networkOf(address))
  }

  #fresh(known: ReadonlyMap<string, number>, name: string): boolean {
    const at = known.get(name)
    return at !== undefined && this.#clock.monotonic() - at < KNOWN_MS
  }
}

function touch(known: Map<string, number>, name: string, at: number): void {
  const before = known.get(name)
  if (before !== undefined && at - before < RENEW_MS && known.size < MAX_KNOWN / 2) return
  known.delete(name)
  known.set(name, at)
  if (known.size <= MAX_KNOWN) return
  const [oldest] = known.keys()
  if (oldest !== undefined) known.delete(oldest)
}

/** 24 bits of an IPv4 address, 64 of an IPv6 address: what one site has. */
function networkOf(text: string): string {
  if (isIPv4(text)) return text.slice(0, text.lastIndexOf('.'))
  if (!ipaddr.isValid(text)) return text
  const bytes = ipaddr.parse(text).toByteArray()
  return bytes.slice(0, bytes.length === 4 ? 3 : 8).join('.')
}
