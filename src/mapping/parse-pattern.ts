// SPDX-License-Identifier: Apache-2.0
/**
 * Reads a pattern. spec mapping-tables.md 3.
 *
 *   pattern  = *( literal / "%" / "*" / "$" quoted / "$" modified )
 *   quoted   = "*" / "%" / " " / TAB / "$"
 *   modified = *( "_" / "@" / "^" ) ( "*" / "%" / class ( "*" / "%" ) / digit [ "*" ] / network )
 *   class    = letter / "[" members "]"
 *   network  = "(" IPv4 [ "/" n ] ")" / "<" IPv4 [ "/" n ] ">" / "{" IPv6 [ "/" n ] "}"
 */
import { ANY, type CharacterSet, CLASSES, fold } from './character-set.ts'
import { parseSet } from './character-set-syntax.ts'
import { CLOSES, type NetworkBracket, parseAddressNetwork } from './network.ts'
import type { Pattern, PatternElement } from './pattern.ts'
import { error, type Report, warning } from './problem.ts'
import {
  BACK_MATCH_SAVED,
  BACK_MATCH_STAR_OPTIONAL,
  CLASS_LETTERS_CASE_BLIND,
  DOUBLED_MODIFIERS,
  NETWORK_SAVED,
} from './unsure.ts'

export function parsePattern(text: string, report: Report): Pattern {
  return new PatternParser(text, report).parse()
}

interface Modifiers {
  lazy: boolean
  saved: boolean | undefined
}

class PatternParser {
  readonly #text: string
  readonly #report: Report
  readonly #elements: PatternElement[] = []
  #at = 0
  #literal = ''
  #literalFrom = 0
  #fields = 0
  #never: string | undefined

  constructor(text: string, report: Report) {
    this.#text = text
    this.#report = report
  }

  parse(): Pattern {
    while (this.#at < this.#text.length) {
      const from = this.#at
      const c = this.#text[this.#at++] ?? ''
      if (c === '$') this.#dollar(from)
      else if (c === '*' || c === '%') this.#wildcard(from, ANY, c, { lazy: false, saved: undefined })
      else this.#addLiteral(from, c)
    }
    this.#endLiteral(this.#at)
    const elements = this.#elements
    return {
      elements,
      fields: this.#fields,
      hasBackMatch: elements.some(({ kind }) => kind === 'again'),
      minLength: elements.reduce(
        (sum, e) => sum + (e.kind === 'literal' ? e.text.length : e.kind === 'one' ? 1 : 0),
        0,
      ),
      ...(this.#never === undefined ? {} : { never: this.#never }),
    }
  }

  /** Behind a `$`. */
  #dollar(from: number): void {
    const modifiers = this.#modifiers(from)
    const modified = this.#at > from + 1
    const c = this.#text[this.#at] ?? ''
    if (!modified && QUOTED.has(c)) {
      this.#at++
      this.#addLiteral(from, c)
    } else if (c === '*' || c === '%') {
      this.#at++
      this.#wildcard(from, ANY, c, modifiers)
    } else if (c === '[') this.#bracketed(from, modifiers)
    else if (c === '(' || c === '<' || c === '{') this.#network(from, c, modifiers)
    else if (/[0-9]/.test(c)) this.#backMatch(from, Number(c), modifiers)
    else if (classOf(c) !== undefined) this.#class(from, classOf(c) ?? ANY, this.#at + 1, modifiers)
    else if (modified) this.#loose(from)
    else this.#quotedForNothing(from, c)
  }

  #modifiers(from: number): Modifiers {
    const modifiers: Modifiers = { lazy: false, saved: undefined }
    for (;;) {
      const c = this.#text[this.#at] ?? ''
      if (c === '_') modifiers.lazy = true
      else if (c === '@') modifiers.saved = false
      else if (c === '^') modifiers.saved = true
      else if (DOUBLED_MODIFIERS && c === '$' && this.#at > from + 1 && this.#modifiable(this.#at + 1)) {
        // `$_$@*`: the second dollar adds nothing.
      } else return modifiers
      this.#at++
    }
  }

  /** Can what stands at `at` follow a `$` and take modifiers? */
  #modifiable(at: number): boolean {
    const c = this.#text[at] ?? ''
    return /[_@^0-9[(<{]/.test(c) || (classOf(c) !== undefined && /[*%]/.test(this.#text[at + 1] ?? ''))
  }

  #bracketed(from: number, modifiers: Modifiers): void {
    const parsed = parseSet(this.#text, this.#at + 1, this.#report)
    if (parsed === undefined) {
      this.#at = this.#text.length
      this.#broken(
        from,
        error('mapping-unclosed', 'a set of characters without its ]', 'The row never matches.', 'close it: $[abc]%'),
      )
    } else this.#class(from, parsed.set, parsed.end, modifiers)
  }

  /** The class has been read up to `end`; one of `%` and `*` has to follow. */
  #class(from: number, set: CharacterSet, end: number, modifiers: Modifiers): void {
    this.#at = end
    const c = this.#text[end] ?? ''
    if (c === '*' || c === '%') {
      this.#at++
      this.#wildcard(from, set, c, modifiers)
    } else
      this.#broken(
        from,
        error(
          'mapping-class',
          `the class ${this.#text.slice(from, end)} has neither % nor * behind it`,
          'How many characters are meant is not said; the row never matches.',
          'write % for exactly one such character, * for any number',
        ),
      )
  }

  #wildcard(from: number, set: CharacterSet, count: '*' | '%', { lazy, saved = true }: Modifiers): void {
    const kind = count === '%' ? 'one' : 'many'
    this.#add({ kind, set, lazy, saved, from, to: this.#at })
    if (set.isEmpty && kind === 'one') this.#never = 'it asks for a character of an empty set'
  }

  #backMatch(from: number, field: number, { saved = BACK_MATCH_SAVED }: Modifiers): void {
    this.#at++
    if (this.#text[this.#at] === '*') this.#at++
    else if (!BACK_MATCH_STAR_OPTIONAL)
      this.#broken(
        from,
        error('mapping-back-match', 'a back match without its *', 'The row never matches.', `write $${field}*`),
      )
    if (field >= this.#fields) {
      this.#never = `$${field}* repeats a field that is not there yet`
      this.#report(
        from,
        this.#at,
        warning(
          'mapping-back-match',
          `$${field}* repeats field ${field}, which is not there yet`,
          'The row never matches.',
          `fields are numbered from 0, and ${this.#fields} stand before this place`,
        ),
      )
    }
    this.#add({ kind: 'again', field, saved, from, to: this.#at })
  }

  #network(from: number, bracket: NetworkBracket, { saved = NETWORK_SAVED }: Modifiers): void {
    const start = this.#at + 1
    const end = this.#text.indexOf(CLOSES[bracket], start)
    this.#at = end === -1 ? this.#text.length : end + 1
    const network = end === -1 ? undefined : parseAddressNetwork(bracket, this.#text.slice(start, end))
    if (network !== undefined) this.#add({ kind: 'network', network, saved, from, to: this.#at })
    else if (end === -1)
      this.#broken(
        from,
        error(
          'mapping-unclosed',
          `an address matcher without its ${CLOSES[bracket]}`,
          'The row never matches.',
          `write ${EXAMPLE[bracket]}`,
        ),
      )
    else
      this.#broken(
        from,
        error(
          'mapping-network',
          `${this.#text.slice(from, this.#at)} is no ${bracket === '{' ? 'IPv6' : 'IPv4'} network`,
          'The row never matches.',
          `write ${EXAMPLE[bracket]}, with n from 0 to ${bracket === '{' ? 128 : 32}`,
        ),
      )
  }

  #loose(from: number): void {
    this.#report(
      from,
      this.#at,
      warning(
        'mapping-modifier',
        `the modifier ${this.#text.slice(from, this.#at)} has no wildcard directly behind it`,
        'It is ignored.',
        'write it between the $ and the wildcard: $_*',
      ),
    )
  }

  #quotedForNothing(from: number, c: string): void {
    if (c !== '') this.#at++
    this.#addLiteral(from, c === '' ? '$' : c)
    this.#report(
      from,
      this.#at,
      warning(
        'mapping-quote',
        c === '' ? 'a $ at the end of a pattern' : `$${c} means nothing in a pattern`,
        c === '' ? 'It is taken as a dollar.' : `It is taken as ${c}.`,
        c === '' ? 'write $$ for a dollar' : `write ${c}, or $$${c} if a dollar is meant`,
      ),
    )
  }

  #broken(from: number, finding: Parameters<Report>[2]): void {
    this.#never = finding.message
    this.#report(from, this.#at, finding)
  }

  #addLiteral(from: number, c: string): void {
    if (this.#literal === '') this.#literalFrom = from
    this.#literal += c
  }

  #endLiteral(to: number): void {
    if (this.#literal !== '')
      this.#elements.push({ kind: 'literal', text: fold(this.#literal), from: this.#literalFrom, to })
    this.#literal = ''
  }

  #add(element: PatternElement): void {
    this.#endLiteral(element.from)
    this.#elements.push(element)
    if (element.kind !== 'literal' && element.saved) this.#fields++
  }
}

/** What a bare `$` quotes, 3.1. */
const QUOTED: ReadonlySet<string> = new Set(['*', '%', ' ', '\t', '$'])

const EXAMPLE: Readonly<Record<NetworkBracket, string>> = {
  '(': '$(192.0.2.0/24)',
  '<': '$<192.0.2.0/8>',
  '{': `\${2001:db8::/32}`,
}

const classOf = (letter: string): CharacterSet | undefined =>
  CLASSES[CLASS_LETTERS_CASE_BLIND ? letter.toUpperCase() : letter]
