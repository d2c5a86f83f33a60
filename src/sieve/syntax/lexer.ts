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

const PUNCTUATION: ReadonlyMap<string, TokenKind> = new Map(
  (['{', '}', '(', ')', '[', ']', ',', ';'] as const).map((sign) => [sign, sign]),
)
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

export class Lexer {
  readonly #text: string
  readonly #limits: SieveLimits
  readonly #report: Diagnostics
  #at = 0
  #made = 0
  #token: Token = { kind: 'end', start: 0, end: 0, text: '', number: 0 }

  constructor(report: Diagnostics, limits: SieveLimits) {
    this.#text = report.script.text
    this.#report = report
    this.#limits = limits
  }

  /** All tokens; the last one is `end`. */
  tokens(): readonly Token[] {
    const tokens: Token[] = []
    for (;;) {
      const token = this.next()
      tokens.push(token)
      if (token.kind === 'end') return tokens
    }
  }

  /** One after the other; `end` again and again behind the last one. */
  next(): Token {
    const text = this.#text
    if (this.#at >= text.length) this.#push('end', text.length)
    else if (this.#made >= this.#limits.tokens) {
      this.#error(limitCode('tokens'), this.#at, text.length, `more than ${this.#limits.tokens} tokens`)
      this.#push('bad', text.length)
    }
    // A byte order mark is no white space of the grammar, but editors write it.
    else if (this.#at === 0 && text.charCodeAt(0) === 0xfeff) this.#push('space', 1)
    else this.#cut()
    return this.#token
  }

  #push(kind: TokenKind, end: number, text = '', number = 0): undefined {
    this.#token = { kind, start: this.#at, end, text, number }
    this.#at = end
    this.#made++
  }

  #error(code: string, start: number, end: number, message: string): void {
    this.#report.error('lex', code, { start, end }, message)
  }

  #end(pattern: RegExp, from = this.#at): number {
    pattern.lastIndex = from
    return pattern.test(this.#text) ? pattern.lastIndex : -1
  }

  #cut(): undefined {
    const text = this.#text
    const at = this.#at
    const character = text[at] ?? ''
    const sign = PUNCTUATION.get(character)
    if (sign !== undefined) return this.#push(sign, at + 1)
    if (isSpace(text.charCodeAt(at))) {
      let end = at + 1
      while (isSpace(text.charCodeAt(end))) end++
      return this.#push('space', end)
    }
    if (character === '"') return this.#quoted()
    if (character === '#') {
      const lf = text.indexOf('\n', at)
      return this.#push('comment', lf < 0 ? text.length : lf)
    }
    if (character === '/' && text[at + 1] === '*') return this.#bracketComment()
    if (character === ':') return this.#word('tag', at + 1)
    if (isDigit(text.charCodeAt(at))) return this.#number()
    if ((character === 't' || character === 'T') && this.#end(MULTILINE) >= 0) return this.#multiLine()
    if (isNameCharacter(text.charCodeAt(at))) return this.#word('identifier', at)
    const bad = Math.max(this.#end(BAD), at + 1)
    this.#error('bad-character', at, bad, `this cannot stand here: ${JSON.stringify(text.slice(at, bad).slice(0, 20))}`)
    this.#push('bad', bad)
  }

  #bracketComment(): undefined {
    const close = this.#text.indexOf('*/', this.#at + 2)
    if (close >= 0) return this.#push('comment', close + 2)
    this.#error('unclosed-comment', this.#at, this.#at + 2, 'a comment without its */')
    return this.#push('bad', this.#text.length)
  }

  #word(kind: 'identifier' | 'tag', from: number): undefined {
    const text = this.#text
    let end = from
    // `#cut` has seen the first character of an identifier; a tag's may be none.
    if (!isDigit(text.charCodeAt(from))) while (isNameCharacter(text.charCodeAt(end))) end++
    if (end === from) {
      this.#error('bad-character', this.#at, from, 'a colon without the name of a tag')
      return this.#push('bad', from)
    }
    const most = this.#limits.identifierLength
    if (end - from > most)
      this.#error(limitCode('identifierLength'), this.#at, end, `a name of more than ${most} characters`)
    this.#push(kind, end, this.#text.slice(from, end).toLowerCase())
  }

  #number(): undefined {
    const end = this.#end(NUMBER)
    const text = this.#text.slice(this.#at, end)
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
    const text = this.#text
    let at = this.#at + 1
    for (;;) {
      const quote = text.indexOf('"', at)
      if (quote < 0) {
        this.#error('unclosed-string', this.#at, this.#at + 1, 'a string without its closing quote')
        return this.#push('bad', text.length)
      }
      // Backslashes before the quote, in pairs or not.
      let slashes = 0
      while (text[quote - 1 - slashes] === '\\' && quote - 1 - slashes > this.#at) slashes++
      at = quote + 1
      if (slashes % 2 === 0) break
    }
    const inside = text.slice(this.#at + 1, at - 1)
    const meant = inside.includes('\\') ? inside.replace(/\\([\s\S])/g, '$1') : inside
    this.#string(at, crlf(meant))
  }

  #multiLine(): undefined {
    const text = this.#text
    const from = this.#end(MULTILINE)
    for (let at = from; at < text.length; ) {
      const lf = text.indexOf('\n', at)
      const lineEnd = lf < 0 ? text.length : lf + 1
      const line = text.slice(at, Math.min(lineEnd, at + 3)).replace(/\r?\n$/, '')
      if (line === '.' || line === '.\r') {
        const meant = text.slice(from, at)
        return this.#string(lineEnd, crlf(meant.replace(/(^|\n)\.\./g, '$1.'))) // multiline-dotstart
      }
      at = lineEnd
    }
    this.#error('unclosed-string', this.#at, from, 'a text: without the line with a single dot that ends it')
    this.#push('bad', text.length)
  }
}

/** RFC 5228 §8.1: line ends of strings are CRLF, however the file was stored. */
const crlf = (text: string): string => (text.includes('\n') ? text.replace(/\r?\n/g, '\r\n') : text)
