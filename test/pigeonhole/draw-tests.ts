// SPDX-License-Identifier: Apache-2.0
/**
 * Random tests on a message: fields it has and has not, keys made of their own values. What is drawn is valid Sieve, so
 * a refusal by either side is a finding.
 */
import { SieveMessage } from '../../src/sieve/index.ts'
import type { Random } from '../fuzz/random.ts'

export const REQUIRES = [
  ...['fileinto', 'envelope', 'imap4flags', 'variables', 'relational', 'subaddress', 'body', 'date', 'index'],
  ...[
    'copy',
    'comparator-i;ascii-numeric',
    'comparator-i;octet',
    'environment',
    'ihave',
    'mailbox',
    'editheader',
    'regex',
  ],
]

const isAscii = (text: string): boolean => !/[^\x00-\x7f]/.test(text)

export const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
const list = (texts: readonly string[]): string =>
  texts.length === 1 ? quote(texts[0] ?? '') : `[${texts.map(quote).join(', ')}]`

export class DrawTests {
  readonly #random: Random
  readonly #message: SieveMessage
  readonly #names: readonly string[]
  readonly #body: string
  readonly #regex: boolean

  constructor(random: Random, octets: Buffer, regex: boolean) {
    this.#random = random
    this.#message = SieveMessage.parse(octets)
    this.#names = [...new Set(this.#message.fields.map(({ name }) => name))]
    this.#body = this.#message.body.toString('utf8')
    this.#regex = regex
  }

  test(depth = 0): string {
    const random = this.#random
    if (depth < 2 && random.chance(0.15)) {
      const inner = Array.from({ length: 1 + random.below(3) }, () => this.test(depth + 1))
      return random.pick([
        `not ${inner[0]}`,
        `allof (${inner.join(', ')})`,
        `anyof (${inner.join(', ')})`,
        `not anyof (${inner.join(', ')})`,
      ])
    }
    const draws = [
      () => this.#header(),
      () => this.#header(),
      () => this.#header(),
      () => this.#address(),
      () => this.#address(),
      () => this.#envelope(),
      () => this.#bodyTest(),
      () => `exists ${list(this.#some())}`,
      () => `size :${random.pick(['over', 'under'])} ${random.pick(['0', '100', '1K', '700', '2K', '1M'])}`,
      () => this.#date(),
      () => this.#string(),
    ]
    return random.pick(draws)()
  }

  #name(): string {
    const random = this.#random
    const name = random.chance(0.9) ? random.pick(this.#names) : 'X-Not-There'
    return random.chance(0.2) ? name.toUpperCase() : name
  }

  #some(): string[] {
    return Array.from({ length: this.#random.chance(0.7) ? 1 : 2 }, () => this.#name())
  }

  #index(): string {
    const random = this.#random
    if (!random.chance(0.15)) return ''
    return ` :index ${1 + random.below(3)}${random.chance(0.4) ? ' :last' : ''}`
  }

  /** A piece of a text, whole or changed a little. */
  #piece(text: string): string {
    const random = this.#random
    const characters = [...text]
    if (characters.length === 0 || random.chance(0.25)) return text
    const from = random.below(characters.length)
    const piece = characters.slice(from, from + 1 + random.below(8)).join('')
    if (random.chance(0.2)) return piece.toUpperCase()
    return random.chance(0.1) ? `${piece}x` : piece
  }

  /** Either of the wildcards: what both together match, theirs does not always know. */
  #pattern(text: string): string {
    const random = this.#random
    const quoted = [...text].map((character) => ('*?\\'.includes(character) ? `\\${character}` : character))
    const star = random.chance(0.6)
    for (let i = random.below(3); i >= 0 && quoted.length > 0; i--) {
      const from = random.below(quoted.length)
      if (star) quoted.splice(from, 1 + random.below(quoted.length - from), '*')
      else quoted[from] = '?'
    }
    return star && random.chance(0.3) ? `*${quoted.join('')}*` : quoted.join('')
  }

  /** A pattern with stars that matches this value. */
  matching(value: string): string {
    const random = this.#random
    const quoted = [...value].map((character) => ('*?\\'.includes(character) ? `\\${character}` : character))
    for (let i = random.below(3); i >= 0 && quoted.length > 0; i--) {
      const from = random.below(quoted.length)
      quoted.splice(from, random.below(quoted.length - from + 1), '*')
    }
    return quoted.join('')
  }

  /** A field of the message with a value, and that. */
  field(): readonly [string, string] {
    const { name, decoded } = this.#random.pick(this.#message.fields)
    return [name, decoded]
  }

  /** Match type and comparator with keys for these values. */
  match(values: readonly string[], counts = true): { readonly how: string; readonly keys: string } {
    const random = this.#random
    const value = values.length > 0 && random.chance(0.9) ? random.pick(values) : 'something else'
    const some = (key: () => string): string => list(Array.from({ length: random.chance(0.75) ? 1 : 2 }, key))
    const comparator = random.chance(0.25) ? ' :comparator "i;octet"' : ''
    const kinds = [
      () => ({ how: `:contains${comparator}`, keys: some(() => this.#piece(value)) }),
      () => ({ how: `:is${comparator}`, keys: some(() => (random.chance(0.6) ? value : this.#piece(value))) }),
      () => ({ how: `:matches${comparator}`, keys: some(() => this.#pattern(value)) }),
      () => ({ how: `:matches${comparator}`, keys: some(() => this.#pattern(value)) }),
    ]
    const relation = (): string => quote(random.pick(['gt', 'ge', 'lt', 'le', 'eq', 'ne']))
    if (counts)
      kinds.push(() => ({
        how: `:count ${relation()} :comparator "i;ascii-numeric"`,
        keys: quote(String(random.below(4))),
      }))
    kinds.push(
      () => ({
        how: `:value ${relation()} :comparator "i;ascii-numeric"`,
        keys: quote(random.pick(['0', '7', '42', '0042', '100', 'x'])),
      }),
      // Theirs folds to small letters, so what stands between Z and a is sorted otherwise.
      () => ({ how: `:value ${relation()} :comparator "i;octet"`, keys: some(() => this.#piece(value)) }),
    )
    // Characters of our patterns are octets of theirs.
    if (this.#regex && isAscii(value))
      kinds.push(() => ({ how: `:regex${comparator}`, keys: quote(this.#regularExpression(this.#piece(value))) }))
    return random.pick(kinds)()
  }

  #regularExpression(text: string): string {
    const random = this.#random
    const atoms = [...text].map((character) =>
      /[\\^$.|?*+()[\]{}]/.test(character)
        ? `\\${character}`
        : random.pick([character, character, character, '.', `[${character}x]`, `(${character})`, `${character}+`]),
    )
    return `${random.pick(['', '', '^'])}${atoms.join('')}${random.pick(['', '', '$', '.*'])}`
  }

  #values(names: readonly string[]): readonly string[] {
    return names.flatMap((name) => this.#message.fieldsNamed(name).map(({ decoded }) => decoded))
  }

  #header(): string {
    const names = this.#some()
    const index = this.#index()
    const { how, keys } = this.match(this.#values(names), index === '')
    return `header${index} ${how} ${list(names)} ${keys}`
  }

  #address(): string {
    const random = this.#random
    const known = this.#names.filter((name) => /^(?:from|to|cc|bcc|reply-to|sender)$/i.test(name))
    const names = random.chance(0.9) ? [random.pick(known)] : ['resent-to']
    const part = random.pick(['', ':all ', ':localpart ', ':domain ', ':user ', ':detail '])
    const found = this.#values(names).flatMap((value) => value.match(/[^\s<>,;:()"]+@[^\s<>,;()]+/g) ?? [])
    const halves = found.flatMap((address) => [address, ...address.split(/[@+]/)])
    const index = this.#index()
    const { how, keys } = this.match(halves, index === '' && part !== ':detail ')
    return `address${index} ${part}${how} ${list(names)} ${keys}`
  }

  #envelope(): string {
    const part = this.#random.pick(['', ':all ', ':localpart ', ':domain ', ':user ', ':detail '])
    const values = [
      'kim+work@Sender.Example',
      'kim',
      'work',
      'sender.example',
      'lee+filters@example.org',
      'lee',
      'filters',
    ]
    const { how, keys } = this.match(values, part !== ':detail ')
    return `envelope ${part}${how} ${quote(this.#random.pick(['from', 'to', 'From', 'TO']))} ${keys}`
  }

  #bodyTest(): string {
    const random = this.#random
    const lines = this.#body.split('\r\n')
    const words = ['Plain words', 'Bold offer', 'secret payload', 'Inner', 'prologue', 'epilogue', 'Grüße']
    const value = random.chance(0.5) ? random.pick(lines) : random.pick(words)
    const transform = random.pick([
      ...[':raw', ':raw', ':text', ':text', ':content "text"', ':content "text/html"', ':content "multipart"'],
      ...[':content ["text", "application"]', ':content "message/rfc822"', ':content "application/octet-stream"'],
    ])
    return `body ${transform} :contains ${quote(this.#piece(value).trim() || 'x')}`
  }

  #date(): string {
    const random = this.#random
    const parts = [
      ...['year', 'month', 'day', 'date', 'julian', 'hour', 'minute', 'second', 'time', 'iso8601', 'std11', 'zone'],
      'weekday',
    ]
    const zone = random.pick([':zone "+0000"', ':zone "+0530"', ':zone "-0800"', ':originalzone'])
    const part = random.pick(parts)
    const values: Readonly<Record<string, readonly string[]>> = {
      year: ['2026', '2025'],
      month: ['11', '01', '02'],
      day: ['24', '23', '01', '28'],
      date: ['2026-11-24', '2025-01-01', '2026-11-23'],
      hour: ['12', '10', '23', '00', '04'],
      weekday: ['1', '2', '3', '5'],
      zone: ['+0000', '+0530', '-0500', '+0200'],
    }
    const { how, keys } = this.match(values[part] ?? ['00', '34:56', '24 Nov 2026', '2026-11-24T10:34:56'])
    return `date ${zone} ${how} "Date" ${quote(part)} ${keys}`
  }

  #string(): string {
    const random = this.#random
    const values = ['Hello * World?', 'abc', '', '0042', 'Grüße']
    const source = random.pick(values)
    const { how, keys } = this.match([source])
    // Without one theirs is i;octet.
    const comparator = how.includes(':comparator') ? '' : ' :comparator "i;ascii-casemap"'
    return `string ${how}${comparator} ${list(random.chance(0.8) ? [source] : [source, random.pick(values)])} ${keys}`
  }
}
