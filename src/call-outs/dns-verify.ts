// SPDX-License-Identifier: Apache-2.0
/**
 * `dns_verify`: questions to DNS from mapping tables, spec access-control.md 7.1. A look-up that fails never rejects:
 * the routine fails, and the table goes on as if the entry did not match. There is no host table behind it.
 */
import { normaliseIp } from '../address/network.ts'
import { reversedAddress, reverseName } from '../address/reversed.ts'
import type { CallOut } from '../ask/call-outs.ts'
import type { DnsLookup, Lookup } from '../ask/lookup.ts'
import { parseCodes, readCode } from '../config/dns-list-codes.ts'
import type { Resolver } from '../dns/resolver.ts'
import { plainText, quoted } from './template-text.ts'
import {
  DNS_ERROR_TEXTS,
  LIST_CODES,
  LISTED,
  LISTED_WARN,
  NOTHING,
  PORT_REPLY,
  TIES_BY_NAME,
  WARNING_FIELD,
} from './unsure.ts'

const ABSENT = { kind: 'absent' } as const
const found = (value: string): Lookup<string> => ({ kind: 'found', value })

export function dnsVerify(resolver: Pick<Resolver, 'lookup'>): ReadonlyMap<string, CallOut> {
  const options = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal })
  const ask = (...[name, type, signal]: [string, 'A' | 'AAAA', AbortSignal | undefined]) =>
    resolver.lookup(name, type, options(signal))
  const onList = async (argument: string, signal: AbortSignal | undefined): Promise<Listing | undefined> => {
    const asked = parseListCall(argument)
    if (asked === undefined) return undefined
    const [a, txt] = await Promise.all([
      resolver.lookup(asked.name, 'A', options(signal)),
      resolver.lookup(asked.name, 'TXT', options(signal)),
    ])
    return listed(asked, a, txt)
  }
  return new Map<string, CallOut>([
    [
      'dns_verify',
      async (argument, signal) => {
        const [name, ...words] = parseTexts(argument)
        const answers = await Promise.all([ask(name, 'A', signal), ask(name, 'AAAA', signal)])
        return texts(either(answers), words, NOTHING)
      },
    ],
    ...(['A', 'AAAA'] as const).map((type): [string, CallOut] => [
      type === 'A' ? 'dns_verify_ipv4' : 'dns_verify_ipv6',
      async (argument, signal) => {
        const [name, ...words] = parseTexts(argument)
        return texts(await ask(name, type, signal), words, NOTHING)
      },
    ]),
    [
      'dns_verify_ptr',
      async (argument, signal) => {
        const [address, ...words] = parseTexts(argument)
        const name = reverseName(address)
        if (name === undefined) return ABSENT
        const answer = await resolver.lookup(name, 'PTR', options(signal))
        const [first = ''] = answer.kind === 'found' ? answer.records : []
        // Without texts the name itself is what one wants to know, and that there is none is a failure.
        if (words.length === 0 && answer.kind !== 'found') return ABSENT
        return texts(answer, words, quoted(first))
      },
    ],
    [
      'dns_get_first_mx',
      async (argument, signal) => {
        const answer = await resolver.lookup(argument.trim(), 'MX', options(signal))
        if (answer.kind !== 'found') return ABSENT
        const [first] = answer.records.toSorted(
          (a, b) => a.preference - b.preference || (TIES_BY_NAME ? compare(a.exchange, b.exchange) : 0),
        )
        return first === undefined || first.exchange === '' ? ABSENT : found(quoted(plainText(first.exchange)))
      },
    ],
    [
      'dns_verify_domain',
      async (argument, signal) => {
        const listing = await onList(argument, signal)
        return listing === undefined ? ABSENT : found(`${LISTED}${listing.text}`)
      },
    ],
    [
      'dns_verify_domain_port',
      async (argument, signal) => {
        const listing = await onList(argument, signal)
        if (listing === undefined) return ABSENT
        return found(`${LISTED}${/^[245]\d\d(?: |\$ |$)/.test(listing.text) ? '' : PORT_REPLY}${listing.text}`)
      },
    ],
    [
      'dns_verify_domain_warn',
      async (argument, signal) => {
        const listing = await onList(argument, signal)
        if (listing === undefined) return ABSENT
        // A bar would end the argument of the flag.
        return found(`${LISTED_WARN}${WARNING_FIELD}: ${listing.text.replaceAll('|', '/')}`)
      },
    ],
  ])
}

interface ListCall {
  readonly address: string
  readonly zone: string
  readonly name: string
  /** Of the site, template text already. */
  readonly text: string | undefined
}

interface Listing {
  readonly text: string
}

/** `ip,zone[,text]` */
function parseListCall(argument: string): ListCall | undefined {
  const [ip = '', given = '', ...rest] = argument.split(',')
  const zone = given.trim().replace(/\.$/, '').toLowerCase()
  const address = normaliseIp(ip.trim())
  const reversed = address === undefined ? undefined : reversedAddress(address)
  if (address === undefined || reversed === undefined || zone === '') return undefined
  const text = rest.join(',').trim()
  return { address, zone, name: `${reversed.labels}.${zone}`, text: text === '' ? undefined : text }
}

const CODES = [parseCodes(LIST_CODES)].filter((codes) => codes !== undefined)

/** A list that says by TXT alone counts; one whose A says that it does not answer us, or cannot be asked, does not. */
function listed({ address, zone, text }: ListCall, a: DnsLookup<'A'>, txt: DnsLookup<'TXT'>): Listing | undefined {
  if (a.kind === 'defer') return undefined
  if (a.kind === 'found' && !a.records.some((record) => readCode(record, CODES) === 'listed')) return undefined
  if (a.kind === 'absent' && txt.kind !== 'found') return undefined
  if (text !== undefined) return { text }
  const [said] = txt.kind === 'found' ? txt.records : []
  return { text: quoted(plainText(said === undefined ? `${address} is listed by ${zone}` : said)) }
}

/** `name|success-text|failure-text`; bars in the last belong to it. */
function parseTexts(argument: string): readonly [string, ...string[]] {
  const [name = '', success, ...failure] = argument.split('|')
  const words = success === undefined ? [] : [success, failure.join('|')]
  return [name.trim().replace(/^\[(.*)\]$/, '$1'), ...words]
}

function texts(answer: DnsLookup, [success, failure = NOTHING]: readonly string[], otherwise: string): Lookup<string> {
  if (answer.kind === 'defer') return ABSENT
  if (answer.kind === 'found') return found(success?.replaceAll('%e', DNS_ERROR_TEXTS.none) ?? otherwise)
  return found(failure.replaceAll('%e', DNS_ERROR_TEXTS[answer.why]))
}

/** Found where one is; absent where none is, for certain. */
function either(answers: readonly DnsLookup[]): DnsLookup {
  const [first] = answers
  return (
    answers.find(({ kind }) => kind === 'found') ??
    answers.find(({ kind }) => kind === 'defer') ??
    first ?? { kind: 'defer', cause: 'nothing was asked' }
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
