// SPDX-License-Identifier: Apache-2.0
/** What name servers say in a policy test: what its file says, and "try later" to everything else. */
import type { DnsLookup, DnsRecord, DnsType } from '../../ask/lookup.ts'
import type { Resolver } from '../../dns/resolver.ts'

export type ZoneRecords = { readonly [T in DnsType]?: readonly string[] }

const TYPES: ReadonlySet<string> = new Set<DnsType>(['A', 'AAAA', 'MX', 'TXT', 'PTR'])
const TTL_S = 60

export class DnsZone implements Resolver {
  readonly #names: Readonly<Record<string, ZoneRecords>>

  /** By name in lower case. A name without records is one that does not exist. */
  constructor(names: Readonly<Record<string, ZoneRecords>>) {
    this.#names = names
  }

  static isType(text: string): text is DnsType {
    return TYPES.has(text)
  }

  async lookup<T extends DnsType>(name: string, type: T): Promise<DnsLookup<T>> {
    const key = name.toLowerCase().replace(/\.$/, '')
    const records = Object.hasOwn(this.#names, key) ? this.#names[key] : undefined
    if (records === undefined) return { kind: 'defer', cause: `the test says nothing about ${name}` }
    const texts = records[type] ?? []
    if (texts.length === 0)
      return { kind: 'absent', why: Object.keys(records).length === 0 ? 'nxdomain' : 'nodata', ttlSeconds: TTL_S }
    return { kind: 'found', records: texts.map((text) => recordOf(type, text)), ttlSeconds: TTL_S, authentic: false }
  }
}

/** The one place where the text of a record meets its type. */
function recordOf<T extends DnsType>(type: T, text: string): DnsRecord[T] {
  if (type !== 'MX') return text as DnsRecord[T]
  const [preference = '', exchange = ''] = text.split(' ')
  return { preference: Number(preference), exchange } as DnsRecord[T]
}
