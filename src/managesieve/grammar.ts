// SPDX-License-Identifier: Apache-2.0
/**
 * What clients send, cut into lines of words: RFC 5804 §4. Octet by octet, in bounded memory, however the octets come.
 *
 *   line     = word *(SP word) CRLF
 *   word     = atom / number / string
 *   string   = quoted / literal
 *   quoted   = DQUOTE *1024(safe octet / "\" DQUOTE / "\\") DQUOTE
 *   literal  = "{" number ["+"] "}" CRLF *OCTET
 *
 * Clients may send `{n+}` alone (literal-c2s); `{n}` of older clients is taken for the same, for nothing in this
 * protocol waits between the size and the octets. A line that cannot be read is reported once and swallowed to its end,
 * literals in it too, so that the text of a script is never taken for commands. What the words mean is not known here.
 */
import { Octets } from './octets.ts'

/** RFC 5804 §4: octets of a quoted string, and of an atom. */
export const MAX_QUOTED = 1024
/** RFC 5804 §4: numbers have 32 bits. */
export const MAX_NUMBER = 0xffff_ffff
/** No command has more words; that of a line is its first. */
const MAX_WORDS = 5

export interface ReaderLimits {
  /** Octets of a line outside its literals. */
  readonly lineOctets: number
  /** Octets of all strings of a line that are kept; a literal that would pass it is read and dropped. */
  readonly keptOctets: number
  /** Octets of a literal that is read at all; a larger one ends the conversation. */
  readonly readOctets: number
}

export type Word =
  | { readonly kind: 'atom'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly octets: Buffer }
  /** A literal that was not kept. */
  | { readonly kind: 'dropped'; readonly size: number }

export type Line =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  /** Not a line of this grammar. */
  | { readonly kind: 'bad'; readonly why: string }
  /** What follows cannot be read, so nothing more can be said to the client than good-bye. */
  | { readonly kind: 'fatal'; readonly why: string }

const [CR, LF, SP, DQUOTE, BACKSLASH, PLUS] = [0x0d, 0x0a, 0x20, 0x22, 0x5c, 0x2b]
const [OPEN, CLOSE] = [0x7b, 0x7d]

type State =
  /** Between words: a word, a blank or the end may come. */
  | 'gap'
  /** Behind a string or a literal: a blank or the end must come. */
  | 'behind'
  | 'atom'
  | 'quoted'
  | 'escaped'
  | 'size'
  | 'plus'
  | 'size-cr'
  | 'size-lf'
  | 'literal'
  | 'lf'
  | 'swallow'
  | 'fatal'

const isDigit = (octet: number): boolean => octet >= 0x30 && octet <= 0x39
/** ATOM-CHAR: "!" / %x23-27 / %x2A-5B / %x5D-7A / %x7C-7E */
const isAtomOctet = (octet: number): boolean =>
  octet > SP && octet < 0x7f && octet !== DQUOTE && octet !== 0x28 && octet !== 0x29 && !isSpecial(octet)
const isSpecial = (octet: number): boolean => octet === BACKSLASH || octet === OPEN

export class CommandReader {
  /** May change between lines: after sign-in there are scripts. */
  limits: ReaderLimits
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  #state: State = 'gap'
  #words: Word[] = []
  #text = new Octets()
  /** Octets of the line outside its literals. */
  #line = 0
  /** Octets of strings kept for this line. */
  #kept = 0
  /** Size of the literal, then what is missing of it. */
  #size = 0
  #digits = 0
  /** The literal at hand is read and dropped, in a line that is otherwise good. */
  #dropping: number | undefined
  #bad: string | undefined
  /** The end of a line that is swallowed, as far as a literal's size may reach. */
  #tail = ''

  constructor(limits: ReaderLimits) {
    this.limits = limits
  }

  /** Takes octets, which must not be changed afterwards. Read all lines before pushing more. */
  push(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#at)
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#at = 0
  }

  /** Drops what has not been read, and a line begun. @returns octets dropped */
  drop(): number {
    const dropped = this.#chunk.length - this.#at + this.#line
    this.#chunk = Buffer.alloc(0)
    this.#at = 0
    this.#restart()
    return dropped
  }

  /** The next whole line, or `undefined` until more octets come. */
  next(): Line | undefined {
    while (this.#at < this.#chunk.length) {
      if (this.#state === 'fatal') break
      if (this.#state === 'literal') {
        this.#literal()
        continue
      }
      const octet = this.#chunk[this.#at++] ?? 0
      const line = this.#state === 'swallow' ? this.#swallow(octet) : this.#step(octet)
      if (line !== undefined) return line
    }
    return undefined
  }

  #step(octet: number): Line | undefined {
    this.#line++
    if (this.#line > this.limits.lineOctets) return this.#spoil('the line is too long', octet)
    switch (this.#state) {
      case 'gap':
        return this.#gap(octet)
      case 'behind':
        if (octet === SP) this.#state = 'gap'
        else if (octet === CR) this.#state = 'lf'
        else return this.#spoil('a blank or the end of the line was due', octet)
        return undefined
      case 'atom':
        if (isAtomOctet(octet)) {
          if (this.#text.length >= MAX_QUOTED) return this.#spoil('a word is too long', octet)
          this.#text.add(octet)
          return undefined
        }
        if (octet !== SP && octet !== CR) return this.#spoil('an octet has no place in a word', octet)
        this.#state = octet === SP ? 'gap' : 'lf'
        return this.#endAtom(octet)
      case 'quoted':
        return this.#quoted(octet)
      case 'escaped':
        if (octet !== DQUOTE && octet !== BACKSLASH) return this.#spoil('only " and \\ stand behind \\', octet)
        this.#state = 'quoted'
        return this.#inQuotes(octet)
      case 'size':
        return this.#sizeOctet(octet)
      case 'plus':
        if (octet !== CLOSE) return this.#spoil('a literal begins with {number+}', octet)
        this.#state = 'size-cr'
        return undefined
      case 'size-cr':
        if (octet !== CR) return this.#spoil('CRLF was due behind the size of a literal', octet)
        this.#state = 'size-lf'
        return undefined
      case 'size-lf':
        if (octet !== LF) return this.#spoil('CR without LF', octet)
        return this.#beginLiteral()
      case 'lf':
        if (octet !== LF) return this.#spoil('CR without LF', octet)
        return this.#endLine()
      default:
        throw new Error(`no octet is read in state ${this.#state}`)
    }
  }

  #gap(octet: number): Line | undefined {
    if (octet === SP) return undefined
    if (octet === CR) {
      this.#state = 'lf'
      return undefined
    }
    if (this.#words.length >= MAX_WORDS) return this.#spoil('too many arguments', octet)
    if (octet === DQUOTE) this.#state = 'quoted'
    else if (octet === OPEN) {
      this.#state = 'size'
      this.#size = 0
      this.#digits = 0
    } else if (isAtomOctet(octet)) {
      this.#state = 'atom'
      this.#text.add(octet)
    } else return this.#spoil('no word begins like that', octet)
    return undefined
  }

  #endAtom(octet: number): Line | undefined {
    const text = this.#text.take().toString('latin1')
    if (!isDigit(text.charCodeAt(0))) this.#words.push({ kind: 'atom', text })
    else {
      const value = Number(text)
      if (!/^\d+$/.test(text) || value > MAX_NUMBER) return this.#spoil('not a number of 32 bits', octet)
      this.#words.push({ kind: 'number', value })
    }
    return undefined
  }

  #quoted(octet: number): Line | undefined {
    if (octet === BACKSLASH) {
      this.#state = 'escaped'
      return undefined
    }
    if (octet !== DQUOTE) return this.#inQuotes(octet)
    this.#words.push({ kind: 'string', octets: this.#text.take() })
    this.#state = 'behind'
    return undefined
  }

  #inQuotes(octet: number): Line | undefined {
    // RFC 5804 §4: SAFE-UTF8-CHAR has no CR, LF or NUL; whether it is UTF-8 is for who reads the string.
    if (octet === 0 || octet === CR || octet === LF) return this.#spoil('a quoted string stays on its line', octet)
    if (this.#text.length >= MAX_QUOTED) return this.#spoil('a quoted string has 1024 octets at most', octet)
    this.#kept++
    this.#text.add(octet)
    return undefined
  }

  #sizeOctet(octet: number): Line | undefined {
    if (isDigit(octet)) {
      this.#size = 10 * this.#size + octet - 0x30
      this.#digits++
      return this.#size > MAX_NUMBER ? this.#die('the size of a literal has more than 32 bits') : undefined
    }
    if (this.#digits === 0) return this.#spoil('a literal begins with {number+}', octet)
    if (octet === PLUS) this.#state = 'plus'
    else if (octet === CLOSE) this.#state = 'size-cr'
    else return this.#spoil('a literal begins with {number+}', octet)
    return undefined
  }

  #beginLiteral(): Line | undefined {
    if (this.#size > this.limits.readOctets) return this.#die('the literal is far too large')
    this.#dropping = this.#kept + this.#size > this.limits.keptOctets ? this.#size : undefined
    this.#state = 'literal'
    if (this.#size === 0) this.#endLiteral()
    return undefined
  }

  #literal(): void {
    const piece = this.#chunk.subarray(this.#at, this.#at + this.#size)
    this.#at += piece.length
    this.#size -= piece.length
    if (this.#dropping === undefined && this.#bad === undefined) {
      this.#kept += piece.length
      this.#text.append(piece)
    }
    if (this.#size === 0) this.#endLiteral()
  }

  #endLiteral(): void {
    if (this.#bad !== undefined) {
      this.#state = 'swallow'
      return
    }
    this.#state = 'behind'
    if (this.#dropping === undefined) this.#words.push({ kind: 'string', octets: this.#text.take() })
    else this.#words.push({ kind: 'dropped', size: this.#dropping })
    this.#dropping = undefined
  }

  #endLine(): Line {
    const words = this.#words
    this.#restart()
    return { kind: 'words', words }
  }

  /** From here to its end the line is only searched for that end. */
  #spoil(why: string, octet: number): Line | undefined {
    this.#bad = why
    // The size of a literal may have begun before.
    this.#tail =
      this.#state === 'size'
        ? `{${this.#digits === 0 ? '' : this.#size}`
        : this.#state === 'plus'
          ? `{${this.#size}+`
          : ''
    if (this.#state === 'size-cr') this.#tail = `{${this.#size}}`
    if (this.#state === 'lf' || this.#state === 'size-lf') this.#tail = '\r'
    this.#words = []
    this.#text.take()
    this.#state = 'swallow'
    return this.#swallow(octet)
  }

  #swallow(octet: number): Line | undefined {
    this.#tail = (this.#tail + String.fromCharCode(octet)).slice(-MAX_TAIL)
    if (octet !== LF) return undefined
    const size = /\{(\d{1,10})\+?\}\r?\n$/.exec(this.#tail)?.[1]
    this.#tail = ''
    if (size === undefined) {
      const why = this.#bad ?? ''
      this.#restart()
      return { kind: 'bad', why }
    }
    this.#size = Number(size)
    if (this.#size > this.limits.readOctets) return this.#die('the literal is far too large')
    this.#state = this.#size === 0 ? 'swallow' : 'literal'
    return undefined
  }

  #die(why: string): Line {
    this.#restart()
    this.#state = 'fatal'
    return { kind: 'fatal', why }
  }

  #restart(): void {
    this.#state = 'gap'
    this.#words = []
    this.#text.take()
    this.#line = 0
    this.#kept = 0
    this.#dropping = undefined
    this.#bad = undefined
    this.#tail = ''
  }
}

/** `{4294967295+}` with its line end. */
const MAX_TAIL = 16
