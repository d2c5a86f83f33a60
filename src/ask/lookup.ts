// SPDX-License-Identifier: Apache-2.0
/** The three things a look-up can come to (design 2.7). A failing directory never looks empty. */

export type Lookup<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'absent' }
  /** Try later. `cause` is one line for the log and the trace, never for the wire. */
  | { readonly kind: 'defer'; readonly cause: string }

export type DnsType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'PTR'

/** One record of each type. Names are in lower case without the trailing dot; TXT strings of one record are joined. */
export interface DnsRecord {
  readonly A: string
  readonly AAAA: string
  readonly MX: { readonly preference: number /** `''` is the null MX, RFC 7505. */; readonly exchange: string }
  readonly TXT: string
  readonly PTR: string
}

export type DnsLookup<T extends DnsType = DnsType> =
  | {
      readonly kind: 'found'
      readonly records: readonly DnsRecord[T][]
      readonly ttlSeconds: number /** AD bit. */
      readonly authentic: boolean
    }
  /** `nxdomain`: the name has no records of any type (RFC 8020). `nodata`: it has others. */
  | { readonly kind: 'absent'; readonly why: 'nxdomain' | 'nodata'; readonly ttlSeconds: number }
  | { readonly kind: 'defer'; readonly cause: string }
