// SPDX-License-Identifier: Apache-2.0
/**
 * Cuts a script into tokens, RFC 5228 §8.1. Never fails: what is no token becomes a `bad` one with a diagnostic, and
 * cutting goes on behind it. Linear: no character is looked at more than a few times.
 *
 *   identifier = (ALPHA / "_") *(ALPHA / DIGIT / "_")          tag = ":" identifier
 *   number     = 1*DIGIT [ "K" / "M" / "G" ]
 *   quoted-string = DQUOTE quoted-text DQUOTE
 *   multi-line = "text:" *(SP / HTAB) (hash-comment / CRLF) *(multiline-literal / multiline-dotstart) "." CRLF
 */
import type { Diagnostics } from '../diagnostic.ts'
import { limitCode, type SieveLimits } from '../limits.ts'
import type { Token, TokenKind } from './token.ts'

/** By the code of the character. */
const PUNCTUATION: readonly (TokenKind | undefined)[] = Array.from({ length: 128 }, (_, code) =>
  (['{', '}', '(', ')', '[', ']', ',', ';'] as const).find((sign) => sign.charCodeAt(0) === code),
)
const QUOTE = 0x22
const HASH = 0x23
const SLASH = 0x2f
const COLON = 0x3a
const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isNameCharacter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || isDigit(code)
const NUMBER = /([0-9]+)([KMGkmg]?)/y
/** What cannot begin a token, up to something that can. */
const BAD = /[^A-Za-z0-9_:"{}()[\],;#/ \t\r\n]+/y
const MULTILINE = /text:[ \t]*(?:#[^\n]*)?\r?\n/iy

const QUANTIFIER: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/** RFC 5228 §2.4.1 asks for 2^31-1 at least; above 2^53 numbers would be rounded. */
const MAX_NUMBER = Number.MAX_SAFE_INTEGER

/** The token it stands at: a tree is kept, and tokens, five to a command, are not. */
export class Lexer implements Token {
  kind: TokenKind = 'space'
  start = 0
  end = 0
  text = ''
  number = 0
  readonly #source: string
  readonly #limits: SieveLimits
  readonly #report: Diagnostics
  #at: number
  #made = 0

  /** `from`: cuts from there on. */
  constructor(report: Diagnostics, limits: SieveLimits, from = 0) {
    this.#source = report.script.text
    this.#report = report
    this.#limits = limits
    this.#at = from
  }

  /** All tokens; the last one is `end`. */
  tokens(): readonly Token[] {
    const tokens: Token[] = []
    for (;;) {
      this.next()
      const { kind, start, end, text, number } = this
      tokens.push({ kind, start, end, text, number })
      if (kind === 'end') return tokens
    }
  }

  /** To the next one; `end` again and again behind the last one. */
  next(): void {
    const { length } = this.#source
    if (this.#at >= length) this.#push('end', length)
    else if (this.#made >= this.#limits.tokens) {
      this.#error(limitCode('tokens'), this.#at, length, `more than ${this.#limits.tokens} tokens`)
      this.#push('bad', length)
    }
    // A byte order mark is no white space of the grammar, but editors write it.
    else if (this.#at === 0 && this.#source.charCodeAt(0) === 0xfeff) this.#push('space', 1)
    else this.#cut()
  }

  #push(kind: TokenKind, end: number, text = '', number = 0): undefined {
    this.kind = kind
    this.start = this.#at
    this.end = end
    this.text = text
    this.number = number
    this.#at = end
    this.#made++
  }

  #error(code: string, start: number, end: number, message: string): void {
    this.#report.error('lex', code, { start, end }, message)
  }

  #end(pattern: RegExp, from = this.#at): number {
    pattern.lastIndex = from
    return pattern.test(this.#source) ? pattern.lastIndex : -1
  }

  #cut(): undefined {
    const source = this.#source
    const at = this.#at
    const code = source.charCodeAt(at)
    const sign = PUNCTUATION[code]
    if (sign !== undefined) return this.#push(sign, at + 1)
    if (isSpace(code)) {
      let end = at + 1
      while (isSpace(source.charCodeAt(end))) end++
      return this.#push('space', end)
    }
    if (code === QUOTE) return this.#quoted()
    if (code === HASH) {
      const lf = source.indexOf('\n', at)
      return this.#push('comment', lf < 0 ? source.length : lf)
    }
    if (code === SLASH && source[at + 1] === '*') return this.#bracketComment()
    if (code === COLON) return this.#word('tag', at + 1)
    if (isDigit(code)) return this.#number()
    // A `t` in either case.
    if ((code | 0x20) === 0x74 && this.#end(MULTILINE) >= 0) return this.#multiLine()
    if (isNameCharacter(code)) return this.#word('identifier', at)
    const bad = Math.max(this.#end(BAD), at + 1)
    const shown = JSON.stringify(source.slice(at, bad).slice(0, 20))
    this.#error('bad-character', at, bad, `this cannot stand here: ${shown}`)
    this.#push('bad', bad)
  }

  #bracketComment(): undefined {
    const close = this.#source.indexOf('*/', this.#at + 2)
    if (close >= 0) return this.#push('comment', close + 2)
    this.#error('unclosed-comment', this.#at, this.#at + 2, 'a comment without its */')
    return this.#push('bad', this.#source.length)
  }

  #word(kind: 'identifier' | 'tag', from: number): undefined {
    const source = this.#source
    let end = from
    // `#cut` has seen the first character of an identifier; a tag's may be none.
    if (!isDigit(source.charCodeAt(from))) while (isNameCharacter(source.charCodeAt(end))) end++
    if (end === from) {
      this.#error('bad-character', this.#at, from, 'a colon without the name of a tag')
      return this.#push('bad', from)
    }
    const most = this.#limits.identifierLength
    if (end - from > most)
      this.#error(limitCode('identifierLength'), this.#at, end, `a name of more than ${most} characters`)
    this.#push(kind, end, this.#source.slice(from, end).toLowerCase())
  }

  #number(): undefined {
    const end = this.#end(NUMBER)
    const text = this.#source.slice(this.#at, end)
    const unit = QUANTIFIER[text.slice(-1).toLowerCase()]
    const value = Number(unit === undefined ? text : text.slice(0, -1)) * (unit ?? 1)
    if (value > MAX_NUMBER) this.#error('number-too-large', this.#at, end, `a number above ${MAX_NUMBER}`)
    this.#push('number', end, '', Math.min(value, MAX_NUMBER))
  }

  #string(end: number, meant: string): undefined {
    const most = this.#limits.stringBytes
    if (meant.length > most / 3 && Buffer.byteLength(meant) > most)
      this.#error(limitCode('stringBytes'), this.#at, end, `a string of more than ${most} octets`)
    if (meant.includes('\0')) this.#error('nul', this.#at, end, 'a NUL in a string') // §8.1: octet-not-nul
    this.#push('string', end, meant)
  }

  /** §2.4.2: a backslash quotes `"` and `\`; before anything else it is ignored. Line ends count as CRLF. */
  #quoted(): undefined {
    const source = this.#source
    let at = this.#at + 1
    for (;;) {
      const quote = source.indexOf('"', at)
      if (quote < 0) {
        this.#error('unclosed-string', this.#at, this.#at + 1, 'a string without its closing quote')
        return this.#push('bad', source.length)
      }
      // Backslashes before the quote, in pairs or not.
      let slashes = 0
      while (source[quote - 1 - slashes] === '\\' && quote - 1 - slashes > this.#at) slashes++
      at = quote + 1
      if (slashes % 2 === 0) break
    }
    const inside = source.slice(this.#at + 1, at - 1)
    const meant = inside.includes('\\') ? inside.replace(/\\([\s\S])/g, '$1') : inside
    this.#string(at, crlf(meant))
  }

  #multiLine(): undefined {
    const source = this.#source
    const from = this.#end(MULTILINE)
    for (let at = from; at < source.length; ) {
      const lf = source.indexOf('\n', at)
      const lineEnd = lf < 0 ? source.length : lf + 1
      const line = source.slice(at, Math.min(lineEnd, at + 3)).replace(/\r?\n$/, '')
      if (line === '.' || line === '.\r') {
        const meant = source.slice(from, at)
        return this.#string(lineEnd, crlf(meant.replace(/(^|\n)\.\./g, '$1.'))) // multiline-dotstart
      }
      at = lineEnd
    }
    this.#error('unclosed-string', this.#at, from, 'a text: without the line with a single dot that ends it')
    this.#push('bad', source.length)
  }
}

/** RFC 5228 §8.1: line ends of strings are CRLF, however the file was stored. */
const crlf = (text: string): string => (text.includes('\n') ? text.replace(/\r?\n/g, '\r\n') : text)
