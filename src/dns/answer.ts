// SPDX-License-Identifier: Apache-2.0
/**
 * What a packet says about the question: records, an alias to follow, an absence (RFC 2308), or nothing to rely on.
 * The work is linear in the packet, whatever is in it. Does not check signatures.
 */
import { isIP } from 'node:net'
import type { DecodedPacket } from 'dns-packet'
import type { DnsLookup, DnsRecord, DnsType } from '../ask/lookup.ts'
import { isName } from './name.ts'

export type Interpreted =
  | Exclude<DnsLookup, { readonly kind: 'absent' }>
  /** `denied`: the name that is not there; with an alias in between it is not the one asked for. */
  | (Extract<DnsLookup, { readonly kind: 'absent' }> & { readonly denied: string })
  | { readonly kind: 'alias'; readonly name: string; readonly ttlSeconds: number }

/** RFC 1034 §3.6.2 leaves it open how long a chain of aliases may be. */
export const MAX_ALIASES = 8
/** RFC 2308 §5: a negative answer without SOA is not to be kept; a moment spares the server all the same. */
const NEGATIVE_WITHOUT_SOA_S = 5
/** RFC 2308 §5: one to three hours work well as the upper limit. */
const MAX_NEGATIVE_S = 3 * 3600
/** More records than any name has for good reasons. */
const MAX_RECORDS = 200
const MAX_TXT_OCTETS = 8192

export function interpret(packet: DecodedPacket, asked: string, type: DnsType): Interpreted {
  const rcode = rcodeOf(packet)
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return { kind: 'defer', cause: `server said ${rcode}` }
  const answers = packet.answers ?? []
  let name = asked
  let ttl = Number.POSITIVE_INFINITY
  for (let links = 0; ; links++) {
    const alias = answers.find((record) => record.type === 'CNAME' && same(record.name, name))
    if (alias?.type !== 'CNAME') break
    if (links >= MAX_ALIASES) return { kind: 'defer', cause: 'chain of aliases too long' }
    name = clean(alias.data)
    ttl = Math.min(ttl, ttlOf(alias))
  }
  const given = answers.filter((record) => record.type === type && same(record.name, name)).slice(0, MAX_RECORDS)
  const records = given.flatMap((record) => {
    ttl = Math.min(ttl, ttlOf(record))
    return dataOf(record, type) ?? []
  })
  const authentic = packet.flag_ad === true
  if (records.length > 0) return { kind: 'found', records, ttlSeconds: ttl, authentic }
  // There is an address, and nobody can say which: that is not the same as none.
  if (given.length > 0 && (type === 'A' || type === 'AAAA')) return { kind: 'defer', cause: 'addresses that are none' }
  // RFC 8020 and RFC 6604 §3: the rcode speaks of the last name of the chain.
  if (rcode === 'NXDOMAIN') return { kind: 'absent', why: 'nxdomain', ttlSeconds: negativeTtl(packet), denied: name }
  if (!has(packet, 'SOA')) {
    if (name !== asked && !answers.some((record) => same(record.name, name)))
      return { kind: 'alias', name, ttlSeconds: ttl }
    // RFC 2308 §2.2: authority NS without SOA is a referral; a server that refers does not answer for others.
    if (has(packet, 'NS') || !(packet.flag_ra || packet.flag_aa))
      return { kind: 'defer', cause: 'server neither knows nor asks others' }
  }
  return { kind: 'absent', why: 'nodata', ttlSeconds: negativeTtl(packet), denied: name }
}

/** With the upper bits that EDNS carries, RFC 6891 §6.1.3: BADVERS looks like NOERROR without them. */
function rcodeOf(packet: DecodedPacket): string {
  const opt = (packet.additionals ?? []).find((record) => record.type === 'OPT')
  if (opt?.type === 'OPT' && opt.extendedRcode !== 0) return `extended code ${opt.extendedRcode}`
  return 'rcode' in packet && typeof packet.rcode === 'string' ? packet.rcode : 'nothing'
}

function dataOf(
  record: { readonly type: string; readonly data?: unknown },
  type: DnsType,
): DnsRecord[DnsType] | undefined {
  const { data } = record
  switch (type) {
    case 'A':
    case 'AAAA':
      // Of a record cut short the decoder makes `undefined.undefined…`.
      return typeof data === 'string' && isIP(data) === (type === 'A' ? 4 : 6) ? data : undefined
    case 'PTR': {
      // Whoever holds the address chose it; only a host name goes into traces and tables.
      const name = typeof data === 'string' ? clean(data) : ''
      return isName(name) ? name : undefined
    }
    case 'MX': {
      if (typeof data !== 'object' || data === null || !('exchange' in data) || typeof data.exchange !== 'string')
        return undefined
      const preference = 'preference' in data && typeof data.preference === 'number' ? data.preference : 0
      // A bad name stays: without its record the domain would seem to have no MX, and mail would go to its A.
      return { preference, exchange: data.exchange === '.' ? '' : clean(data.exchange) } // RFC 7505 §3
    }
    case 'TXT': {
      const pieces = Array.isArray(data) ? data : [data]
      const text = pieces.map((piece) =>
        piece instanceof Uint8Array ? Buffer.from(piece).toString('utf8') : String(piece),
      )
      return text.join('').slice(0, MAX_TXT_OCTETS)
    }
    default:
      return type satisfies never
  }
}

/** RFC 2308 §5: the lesser of the SOA's own time to live and its MINIMUM. */
function negativeTtl(packet: DecodedPacket): number {
  const soa = (packet.authorities ?? []).find((record) => record.type === 'SOA')
  if (soa?.type !== 'SOA') return NEGATIVE_WITHOUT_SOA_S
  return Math.min(ttlOf(soa), soa.data.minimum ?? 0, MAX_NEGATIVE_S)
}

/** RFC 2181 §8: with the highest bit set it counts as zero. */
const ttlOf = (record: { readonly type: string; readonly ttl?: unknown }): number =>
  typeof record.ttl === 'number' && record.ttl <= 0x7fffffff ? record.ttl : 0

const has = (packet: DecodedPacket, type: 'SOA' | 'NS'): boolean =>
  (packet.authorities ?? []).some((record) => record.type === type)
const clean = (name: string): string => name.replace(/\.$/, '').toLowerCase()
const same = (a: string, b: string): boolean => clean(a) === clean(b)
