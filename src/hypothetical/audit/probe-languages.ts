// SPDX-License-Identifier: Apache-2.0
/** What the probes of the access tables can look like for a client that is not signed in: spec access-control.md 2. */
import type { Revision } from '../../config/revision.ts'
import { CharacterSet } from '../../mapping/character-set.ts'
import { concerns, hasTags, type RecipientTable } from '../../policy/access/options.ts'
import { either, IPV4, IPV6, type Language, many, one, repeat, sequence, text } from './language.ts'

const DIGITS = new CharacterSet().addRange(0x30, 0x39)
const LETTERS = new CharacterSet().addRange(0x61, 0x7a)
const WORD = new CharacterSet().addRange(0x61, 0x7a).addRange(0x30, 0x39)
/** What a client may say in one line, without the bar and with it. */
const FIELD = new CharacterSet().addRange(1, 9).addRange(11, 12).addRange(14, 0x7b).addRange(0x7d, 0xffff)
const LINE = new CharacterSet().addRange(1, 9).addRange(11, 12).addRange(14, 0xffff)

const BAR = text('|')
const digits = sequence(one(DIGITS), many(DIGITS))
const word = sequence(one(WORD), many(WORD))
const host = sequence(word, repeat(sequence(text('.'), word)), text('.'), one(LETTERS), many(LETTERS))
const local = sequence(word, repeat(sequence(text('.'), word)))
const anyAddress = sequence(one(FIELD), many(FIELD))

export const CLIENT_ADDRESSES: Language = either(IPV4, IPV6)

/** A table that depends on the client is asked about these first. */
export const niceAddresses = (outside: readonly string[]): Language => either(...outside.map(text))

export const portProbes = (outside: readonly string[]): { readonly all: Language; readonly nice: Language } => ({
  all: connection(anyAddress),
  nice: connection(niceAddresses(outside)),
})

const connection = (client: Language): Language =>
  sequence(text('tcp|'), anyAddress, BAR, digits, BAR, client, BAR, digits)

export interface RecipientProbes {
  readonly revision: Revision
  readonly table: RecipientTable
  readonly source: string
  /** Channels the recipient may go to, each with the domains that lead there; `*` is every domain, `.a` what is below. */
  readonly destinations: ReadonlyMap<string, readonly string[]>
  readonly outside: readonly string[]
  /** Fields with bars in them count, too. */
  readonly forged: boolean
}

export function recipientProbes(asked: RecipientProbes): { readonly all: Language; readonly nice: Language } {
  const { revision, table, source, destinations, outside, forged } = asked
  const { access } = revision.config
  const said = many(forged && access.paranoia === 0 ? LINE : FIELD)
  const extras =
    concerns(access.orcpt, table) ||
    concerns(access.counts, table) ||
    concerns(access.auth, table) ||
    hasTags(access.conversionTags, table)
  const tail = extras ? repeat(sequence(BAR, said)) : text('')
  const application = (name: Language): Language =>
    sequence(either(text('smtp'), text('lmtp')), either(text(''), sequence(text('/'), name)))
  const whole = (client: Language, name: Language, from: Language, to: readonly Language[]): Language =>
    sequence(
      ...(table.endsWith('MAIL_ACCESS') ? [connection(client), BAR, application(name), text('|mail|')] : []),
      text(`${source.toLowerCase()}|`),
      from,
      BAR,
      either(...to),
      tail,
    )
  const to = (of: (domains: readonly string[]) => Language): readonly Language[] =>
    [...destinations].map(([channel, domains]) => sequence(text(`${channel.toLowerCase()}|`), of(domains)))
  return {
    // However an address may be written (quotes, other alphabets): nothing is taken for granted.
    all: whole(
      anyAddress,
      said,
      said,
      to(() => said),
    ),
    nice: whole(
      niceAddresses(outside),
      host,
      either(sequence(local, text('@'), host), text('')),
      to((domains) => sequence(local, text('@'), either(...domains.map(domain)))),
    ),
  }
}

function domain(pattern: string): Language {
  if (pattern === '*') return host
  return pattern.startsWith('.') ? sequence(word, text(pattern.toLowerCase())) : text(pattern.toLowerCase())
}

/** The session that a probe speaks of. */
export interface Said {
  readonly ip?: string
  readonly helo?: string
  readonly from: string
  readonly to: string
}

export function saidIn(probe: string, table: RecipientTable): Said {
  const fields = probe.split('|')
  if (!table.endsWith('MAIL_ACCESS')) return { from: fields[1] ?? '', to: fields[3] ?? '' }
  const [, , , ip = '', , application = '', , , from = '', , to = ''] = fields
  const helo = /\/([^/]+)$/.exec(application)?.[1]
  return { ip, from, to, ...(helo === undefined ? {} : { helo }) }
}
