// SPDX-License-Identifier: Apache-2.0
/**
 * Which hosts to try for a domain, and in which order: RFC 5321 §5.1, null MX (RFC 7505), address literals, fixed next
 * hops. None of them is this server. Bounded: a domain with a thousand MX records gets the best twenty.
 */
import { BlockList, isIPv4 } from 'node:net'
import { normaliseIp } from '../address/network.ts'
import { asciiDomain } from '../address/path.ts'
import type { DnsLookup } from '../ask/lookup.ts'
import type { Resolver } from '../dns/resolver.ts'

export interface Host {
  /** For certificates, traces and people. */
  readonly name: string
  readonly address: string
  readonly port: number
}

export type NextHops =
  | { readonly kind: 'hosts'; readonly hosts: readonly Host[] }
  | { readonly kind: 'failed'; readonly status: string; readonly reason: string }
  | { readonly kind: 'deferred'; readonly status: string; readonly reason: string }

export interface MxOptions {
  readonly resolver: Resolver
  readonly port: number
  readonly families: readonly ('ipv4' | 'ipv6')[]
  /** Names of this server, lower case, and its `address:port`s (channels/ourselves.ts). */
  readonly self: ReadonlySet<string>
  /** 0 ≤ x < 1; spreads load over hosts of the same preference. */
  readonly random: () => number
  readonly deadline: { readonly signal: AbortSignal }
}

/** What a host is called, `_` among it as some are: whoever owns the domain chose it, and it goes into notifications. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i

const MAX_HOSTS = 20
const MAX_ADDRESSES = 40

/** A next hop that somebody named. */
export interface NextHop {
  readonly name: string
  readonly port: number
  readonly literal?: string
}

/** `host`, `[address]`, each with `:port` if wanted; bare IPv4 addresses too. */
export function parseNextHop(text: string, defaultPort: number): NextHop | undefined {
  const m = /^(?:\[(?:IPv6:)?([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(text)
  if (m === null) return undefined
  const port = m[3] === undefined ? defaultPort : Number(m[3])
  if (port < 1 || port > 65_535) return undefined
  const literal = normaliseIp(m[1] ?? m[2] ?? '')
  if (m[1] !== undefined && literal === undefined) return undefined
  const name = m[1] ?? m[2] ?? ''
  return literal === undefined ? { name: name.toLowerCase(), port } : { name: literal, port, literal }
}

/**
 * A fixed next hop: no MX is asked for; and where it is an address nothing is, so that the answer is there at once.
 * @param hop what `text` says, where it was taken apart before
 */
export function hostsOfNextHop(
  text: string,
  options: MxOptions,
  hop = parseNextHop(text, options.port),
): NextHops | Promise<NextHops> {
  if (hop === undefined) return { kind: 'deferred', status: '4.3.5', reason: `next hop ${text} makes no sense` }
  const { name, port, literal } = hop
  if (literal !== undefined) return notOurselves(text, hop, { hosts: [{ name, address: literal, port }] }, options)
  // RFC 6761 §6.3: localhost is never a question for the DNS.
  if (name === 'localhost') {
    const loopback = options.families.map((family) => (family === 'ipv6' ? '::1' : '127.0.0.1'))
    return notOurselves(text, hop, { hosts: loopback.map((address) => ({ name, address, port })) }, options)
  }
  return addressesOf(name, port, options).then((found) => notOurselves(text, hop, found, options))
}

interface Addresses {
  readonly hosts: readonly Host[]
  readonly cause?: string
}

function notOurselves(text: string, { name }: NextHop, found: Addresses, options: MxOptions): NextHops {
  const { hosts: all } = found
  const hosts = all.some((host) => isOurselves(host, options)) ? all.filter((host) => !isOurselves(host, options)) : all
  if (hosts.length > 0) return { kind: 'hosts', hosts }
  // RFC 3463 §3.5 X.4.6: it would come back, and go there again.
  if (all.length > 0) return { kind: 'deferred', status: '4.4.6', reason: `next hop ${text} is this server itself` }
  // A site's own next hop that has no address is a slip of configuration or DNS: nobody's mail shall bounce for it.
  return { kind: 'deferred', status: '4.4.3', reason: found.cause ?? `next hop ${name} has no address` }
}

export async function hostsOfDomain(domain: string, options: MxOptions): Promise<NextHops> {
  if (domain.startsWith('[')) {
    const hop = parseNextHop(domain, options.port)
    if (hop?.literal === undefined) return { kind: 'failed', status: '5.1.2', reason: `bad address literal ${domain}` }
    const host = { name: domain, address: hop.literal, port: options.port }
    if (isNowhere(host.address)) return { kind: 'failed', status: '5.1.2', reason: `${domain} is no host’s address` }
    return isOurselves(host, options) ? loops(domain) : { kind: 'hosts', hosts: [host] }
  }
  const name = asciiDomain(domain)
  if (name === undefined) return { kind: 'failed', status: '5.1.2', reason: `${domain} cannot be a domain` }
  const mx = await options.resolver.lookup(name, 'MX', { signal: options.deadline.signal })
  if (mx.kind === 'defer') return { kind: 'deferred', status: '4.4.3', reason: `MX of ${domain}: ${mx.cause}` }
  if (mx.kind === 'absent' && mx.why === 'nxdomain')
    return { kind: 'failed', status: '5.1.2', reason: `domain ${domain} does not exist` }
  // RFC 5321 §5.1: without MX the domain itself is the host, of preference 0.
  const records = mx.kind === 'found' ? mx.records : [{ preference: 0, exchange: name }]
  if (records.every((record) => record.exchange === ''))
    return { kind: 'failed', status: '5.1.10', reason: `domain ${domain} takes no mail` } // RFC 7505 §4.1
  const ordered = withoutOurselves(
    records.filter((record) => record.exchange !== ''),
    options,
  )
  if (ordered.length === 0) return loops(domain)
  return await addressesInOrder(domain, ordered.slice(0, MAX_HOSTS), options)
}

/** RFC 3463 §3.5 X.4.6 */
const loops = (domain: string): NextHops => ({
  kind: 'failed',
  status: '5.4.6',
  reason: `mail for ${domain} loops back to this server`,
})

const isOurselves = ({ address, port }: Host, { self }: MxOptions): boolean => self.has(`${address}:${port}`)

/** RFC 6890: addresses that no host has to receive at. Loopback is one, and ourselves are known. */
const NOWHERE = new BlockList()
NOWHERE.addSubnet('0.0.0.0', 8)
NOWHERE.addSubnet('224.0.0.0', 3)
NOWHERE.addAddress('::', 'ipv6')
NOWHERE.addSubnet('ff00::', 8, 'ipv6')

const isNowhere = (address: string): boolean => NOWHERE.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')

type Mx = { readonly preference: number; readonly exchange: string }

/** By preference, equals in random order; ourselves and what is no better than we are left out (RFC 5321 §5.1). */
function withoutOurselves(records: readonly Mx[], { self, random }: MxOptions): readonly Mx[] {
  const ours = records.filter((record) => self.has(record.exchange.toLowerCase())).map((record) => record.preference)
  const limit = Math.min(...ours, Number.POSITIVE_INFINITY)
  return records
    .filter((record) => record.preference < limit)
    .map((record) => ({ record, order: random() }))
    .sort((a, b) => a.record.preference - b.record.preference || a.order - b.order)
    .map(({ record }) => record)
}

async function addressesInOrder(domain: string, records: readonly Mx[], options: MxOptions): Promise<NextHops> {
  const found = await Promise.all(
    records.map(async ({ preference, exchange }) => ({
      preference,
      ...(HOST_NAME.test(exchange) ? await addressesOf(exchange, options.port, options) : { hosts: [] }),
    })),
  )
  // An MX under another name may still be this server: it and what is no better go (RFC 5321 §5.1).
  const ours = found.filter((one) => one.hosts.some((host) => isOurselves(host, options)))
  const limit = Math.min(...ours.map(({ preference }) => preference), Number.POSITIVE_INFINITY)
  const hosts = found
    .filter(({ preference }) => preference < limit)
    .flatMap((one) => one.hosts)
    .filter((host) => !isNowhere(host.address))
  const cause = found.find((one) => one.cause !== undefined)?.cause
  if (hosts.length > 0) return { kind: 'hosts', hosts: hosts.slice(0, MAX_ADDRESSES) }
  if (cause !== undefined) return { kind: 'deferred', status: '4.4.3', reason: cause }
  if (ours.length > 0) return loops(domain)
  return { kind: 'failed', status: '5.4.4', reason: `no mail host of ${domain} has an address` }
}

async function addressesOf(
  name: string,
  port: number,
  { resolver, families, deadline }: MxOptions,
): Promise<Addresses> {
  const answers: readonly DnsLookup<'A' | 'AAAA'>[] = await Promise.all(
    families.map((family) => resolver.lookup(name, family === 'ipv4' ? 'A' : 'AAAA', { signal: deadline.signal })),
  )
  const hosts = answers.flatMap((answer) =>
    // An IPv4 address mapped into IPv6 is that address, for ourselves too.
    answer.kind === 'found' ? answer.records.map((one) => ({ name, address: normaliseIp(one) ?? one, port })) : [],
  )
  const deferred = answers.find((answer) => answer.kind === 'defer')
  return deferred === undefined ? { hosts } : { hosts, cause: `address of ${name}: ${deferred.cause}` }
}
