// SPDX-License-Identifier: Apache-2.0
/**
 * DNS lists of clients, RFC 5782: what they say of an address, and what that comes to. All are asked at once, those
 * that list it once more for their text. Only codes that the configuration accepts are a listing; a list that does not
 * answer, answers that it will not (127.255.255.x), or is out of use, has failed, which is never "listed" and never
 * "not listed".
 */
import { reversedAddress } from '../address/reversed.ts'
import { type Asking, ask, askAll } from '../ask/ask.ts'
import type { DnsLookup } from '../ask/lookup.ts'
import { type Codes, DEFAULT_CODES, parseCodes, readCode } from '../config/dns-list-codes.ts'
import type { DnsListConfig, DnsListSettings } from '../config/schema-dns-lists.ts'

/** A list that is to be asked, and where the configuration names it. */
export interface AskedList {
  readonly zone: string
  readonly kind: 'block' | 'allow' | 'verify' | 'rbl'
  readonly codes: DnsListConfig['codes']
  readonly weight: number
  readonly failure: 'open' | 'defer'
  readonly reply: string
  readonly families: readonly ('ipv4' | 'ipv6')[]
  readonly setting: readonly (string | number)[]
}

export type ListSaid =
  | { readonly kind: 'listed'; readonly code: string; readonly weight: number; readonly text: string }
  /** `codes`: what it answered, where that is no listing. */
  | { readonly kind: 'not listed'; readonly codes: readonly string[] }
  | { readonly kind: 'failed'; readonly why: string }

export interface ListAnswer {
  readonly list: AskedList
  readonly said: ListSaid
}

/** A list that names a client may have gone by the time its text is asked for; the client is not kept for it. */
const TEXT_WITHIN_MS = 1000
/** Of a list's text: enough for an address to read more at, and fits a reply beside the rest. */
const MAX_TEXT = 200

export const nativeLists = ({ lists }: DnsListSettings): readonly AskedList[] =>
  lists.map((list, i) => ({ ...list, setting: ['dnsLists', 'lists', i] }))

/** Those that stand for DNS_VERIFY_DOMAIN and ENABLE_RBL of a listener: spec access-control.md 7.1. */
export function serviceLists({ services }: DnsListSettings, listener: string): readonly AskedList[] {
  const service = Object.hasOwn(services, listener) ? services[listener] : undefined
  if (service === undefined) return []
  const plain = { codes: ANY_CODE, weight: 1, failure: 'open', reply: '', families: ['ipv4', 'ipv6'] } as const
  const path = ['dnsLists', 'services', listener] as const
  return [
    ...service.verifyDomains.map((zone, i) => ({
      ...plain,
      zone,
      kind: 'verify' as const,
      setting: [...path, 'verifyDomains', i],
    })),
    ...(service.rbl === undefined
      ? []
      : [{ ...plain, zone: service.rbl, kind: 'rbl' as const, setting: [...path, 'rbl'] }]),
  ]
}

const ANY_CODE = [parseCodes(DEFAULT_CODES)].flatMap((parsed) => (parsed === undefined ? [] : [{ parsed }]))

/** What each list says, in their order. Lists that are not for this kind of address are left out. */
export function* askLists(
  address: string,
  lists: readonly AskedList[],
  withinMs: number,
): Asking<readonly ListAnswer[]> {
  const reversed = reversedAddress(address)
  const fit = reversed === undefined ? [] : lists.filter(({ families }) => families.includes(reversed.family))
  if (reversed === undefined || fit.length === 0) return []
  const out = new Map((yield* ask({ ask: 'dnsLists.out' })).map(({ zone, why }) => [zone, why]))
  const nameIn = (zone: string): string => `${reversed.labels}.${zone}`
  // A zone may stand in the configuration twice, with other codes.
  const zones = [...new Set(fit.map(({ zone }) => zone))].filter((zone) => !out.has(zone))
  const addresses = yield* askAll(
    zones.map((zone) => ({ ask: 'dns', name: nameIn(zone), type: 'A', withinMs }) as const),
  )
  const found = new Map(zones.map((zone, i) => [zone, addresses[i]]))
  const first = fit.map((list) => ({ list, said: read(list, out.get(list.zone), found.get(list.zone)) }))

  const listing = [...new Set(first.flatMap(({ list, said }) => (said.kind === 'listed' ? [list.zone] : [])))]
  const texts = yield* askAll(
    listing.map(
      (zone) =>
        ({ ask: 'dns', name: nameIn(zone), type: 'TXT', withinMs: Math.min(withinMs, TEXT_WITHIN_MS) }) as const,
    ),
  )
  const textOf = new Map(listing.map((zone, i) => [zone, firstText(texts[i])]))
  const answers = first.map(({ list, said }) => ({
    list,
    said: said.kind === 'listed' ? { ...said, text: textOf.get(list.zone) ?? '' } : said,
  }))
  const told = zones.flatMap((zone) => {
    const kinds = answers.filter(({ list }) => list.zone === zone).map(({ said }) => said.kind)
    return kinds.includes('failed') ? [] : [{ zone, listed: kinds.includes('listed') }]
  })
  if (told.length > 0) yield* ask({ ask: 'dnsLists.told', client: address, said: told })
  return answers
}

function read(list: AskedList, out: string | undefined, answer: DnsLookup | undefined): ListSaid {
  if (out !== undefined) return { kind: 'failed', why: `out of use: ${out}` }
  if (answer === undefined || answer.kind === 'defer')
    return { kind: 'failed', why: `no answer: ${answer?.cause ?? 'not asked'}` }
  if (answer.kind === 'absent') return { kind: 'not listed', codes: [] }
  const codes = answer.records.filter((record) => typeof record === 'string')
  const refused = codes.find((code) => readCode(code, []) === 'error')
  if (refused !== undefined) return { kind: 'failed', why: `it answers ${refused}: it will not be asked by us` }
  return heaviest(list, codes) ?? { kind: 'not listed', codes }
}

function heaviest(list: AskedList, codes: readonly string[]): Extract<ListSaid, { kind: 'listed' }> | undefined {
  const weights = codes.flatMap((code) =>
    list.codes
      .filter(({ parsed }) => readCode(code, [parsed]) === 'listed')
      .map((accepted) => ({ code, weight: weightOf(list, accepted) })),
  )
  const [most] = weights.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
  return most === undefined ? undefined : { kind: 'listed', ...most, text: '' }
}

const weightOf = (list: AskedList, accepted: { readonly parsed: Codes; readonly weight?: number }): number =>
  accepted.weight ?? list.weight

/** One line of printable ASCII: it goes into a reply, and a stranger wrote it. */
function firstText(answer: DnsLookup | undefined): string {
  const [text] = answer?.kind === 'found' ? answer.records : []
  return typeof text === 'string' ? text.slice(0, MAX_TEXT).replace(/[^ -~]/g, '?') : ''
}

export type ListVerdict =
  /** A list of the good names it. */
  | { readonly kind: 'allowed'; readonly by: ListAnswer }
  | { readonly kind: 'listed'; readonly score: number; readonly by: ListAnswer }
  /** A list failed that could have decided, and is not to be passed over. */
  | { readonly kind: 'unsure'; readonly by: ListAnswer }
  | { readonly kind: 'clear'; readonly score: number }

/** What the lists `block` and `allow` come to together. */
export function judgeLists(all: readonly ListAnswer[], threshold: number): ListVerdict {
  const answers = all.filter(({ list }) => list.kind === 'block' || list.kind === 'allow')
  const allowed = answers.find(({ list, said }) => list.kind === 'allow' && said.kind === 'listed')
  if (allowed !== undefined) return { kind: 'allowed', by: allowed }
  const listed = answers
    .flatMap((by) => (by.said.kind === 'listed' ? [{ by, weight: by.said.weight }] : []))
    .toSorted((a, b) => b.weight - a.weight)
  const score = listed.reduce((sum, { weight }) => sum + weight, 0)
  const missing = answers.filter(({ list, said }) => said.kind === 'failed' && list.failure === 'defer')
  const [most] = listed
  if (most !== undefined && score >= threshold) {
    const least = missing.reduce((sum, { list }) => sum + Math.min(0, ...weightsOf(list)), score)
    const saviour = missing.find(({ list }) => list.kind === 'allow' || (least < threshold && hasGood(list)))
    return saviour === undefined ? { kind: 'listed', score, by: most.by } : { kind: 'unsure', by: saviour }
  }
  const blocks = missing.filter(({ list }) => list.kind === 'block')
  const worst = blocks.reduce((sum, { list }) => sum + Math.max(0, ...weightsOf(list)), score)
  const [first] = blocks
  return first !== undefined && worst >= threshold ? { kind: 'unsure', by: first } : { kind: 'clear', score }
}

const weightsOf = (list: AskedList): readonly number[] =>
  list.kind === 'allow' ? [] : list.codes.map((accepted) => weightOf(list, accepted))
const hasGood = (list: AskedList): boolean => weightsOf(list).some((weight) => weight < 0)

/** For the trace: `list.example 127.0.0.2, weight 1: “text”`. */
export function describeAnswer({ list: { zone, kind }, said }: ListAnswer): string {
  switch (said.kind) {
    case 'listed': {
      const weight = kind === 'block' ? `, weight ${said.weight}` : ''
      return `${zone}: ${said.code}${weight}${said.text === '' ? '' : ` “${said.text}”`}`
    }
    case 'not listed':
      return said.codes.length === 0
        ? `${zone}: not listed`
        : `${zone}: ${said.codes.slice(0, 4).join(', ')} is no listing`
    case 'failed':
      return `${zone}: failed, ${said.why}`
    default:
      return said satisfies never
  }
}
