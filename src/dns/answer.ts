// SPDX-License-Identifier: Apache-2.0
/** What a packet says about the question: records, an alias to follow, an absence, or nothing to rely on. */
import type { DecodedPacket } from 'dns-packet'
import type { DnsLookup, DnsRecord, DnsType } from '../ask/lookup.ts'

export type Interpreted = DnsLookup | { readonly kind: 'alias'; readonly name: string; readonly ttlSeconds: number }

/** RFC 2308 §5: a negative answer without SOA is not to be kept; a moment spares the server all the same. */
const NEGATIVE_WITHOUT_SOA_S = 5
/** More records than any name has for good reasons. */
const MAX_RECORDS = 200
const MAX_TXT_OCTETS = 8192

export function interpret(packet: DecodedPacket, asked: string, type: DnsType): Interpreted {
  const rcode = (packet as { rcode?: string }).rcode
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return { kind: 'defer', cause: `server said ${rcode ?? 'nothing'}` }
  const answers = packet.answers ?? []
  let name = asked
  let ttl = Number.POSITIVE_INFINITY
  for (let links = 0; links < answers.length; links++) {
    const alias = answers.find((record) => record.type === 'CNAME' && same(record.name, name))
    if (alias?.type !== 'CNAME') break
    name = clean(alias.data)
    ttl = Math.min(ttl, alias.ttl ?? 0)
  }
  const records = answers
    .filter((record) => record.type === type && same(record.name, name))
    .slice(0, MAX_RECORDS)
    .flatMap((record) => {
      ttl = Math.min(ttl, 'ttl' in record && typeof record.ttl === 'number' ? record.ttl : 0)
      return dataOf(record, type) ?? []
    })
  const authentic = packet.flag_ad === true
  if (records.length > 0) return { kind: 'found', records, ttlSeconds: ttl, authentic }
  // RFC 8020 and RFC 6604 §3: the rcode speaks of the last name of the chain.
  if (rcode === 'NXDOMAIN') return { kind: 'absent', why: 'nxdomain', ttlSeconds: negativeTtl(packet) }
  if (name !== asked && !answers.some((record) => same(record.name, name)) && !hasSoa(packet))
    return { kind: 'alias', name, ttlSeconds: ttl }
  return { kind: 'absent', why: 'nodata', ttlSeconds: negativeTtl(packet) }
}

function dataOf(
  record: { readonly type: string; readonly data?: unknown },
  type: DnsType,
): DnsRecord[DnsType] | undefined {
  const { data } = record
  switch (type) {
    case 'A':
    case 'AAAA':
      return typeof data === 'string' ? data : undefined
    case 'PTR':
      return typeof data === 'string' ? clean(data) : undefined
    case 'MX': {
      if (typeof data !== 'object' || data === null || !('exchange' in data) || typeof data.exchange !== 'string')
        return undefined
      const preference = 'preference' in data && typeof data.preference === 'number' ? data.preference : 0
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
  return Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0)
}

const hasSoa = (packet: DecodedPacket): boolean => (packet.authorities ?? []).some((record) => record.type === 'SOA')
const clean = (name: string): string => name.replace(/\.$/, '').toLowerCase()
const same = (a: string, b: string): boolean => clean(a) === clean(b)
