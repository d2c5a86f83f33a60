// SPDX-License-Identifier: Apache-2.0
/**
 * Lines of content made short enough for SMTP (RFC 5321 §4.5.3.1.6: 1000 octets, CRLF included), as it streams in:
 * cut off, or wrapped. Spec access-control.md 8, truncatesmtplonglines and wrapsmtplonglines. Short lines pass as
 * views of what was pushed; of a long one at most 1000 octets are kept at a time.
 *
 * Wrapping loses no octet: CRLF is put in before the last blank or tab that fits, else where the line is full. In the
 * header a field that has to be broken without a blank gets one, or it would end the header. UTF-8 characters are not
 * cut apart. A line ends at LF; a CR before it belongs to the end.
 */
import { fieldNameLength, isContinuation } from '../mime/header-line.ts'

export type LongLines = 'pass' | 'truncate' | 'wrap' | 'reject'

/** Octets of a line, CRLF not counted. */
export const MAX_LINE = 998

const LF = 0x0a
const CR = 0x0d
const TAB = 0x09
const BLANK = 0x20
const CRLF = Buffer.from('\r\n')

export class LineFitter {
  /** Octets of the longest line as it came, its end not counted. */
  longest = 0
  readonly #rule: 'truncate' | 'wrap'
  /** The line at hand, as far as it is not handed out: never more than fits with its end. */
  readonly #line = Buffer.alloc(MAX_LINE + 2)
  #fill = 0
  /** The rest of the line is thrown away. */
  #dropping = false
  /** The line at hand is the rest of a longer one. */
  #wrapped = false
  #inHeader = true
  /** Octets of the line as it came, and whether the last of them was CR. */
  #column = 0
  #afterCr = false

  constructor(rule: 'truncate' | 'wrap') {
    this.#rule = rule
  }

  /** Takes octets, which must not be changed afterwards. */
  push(bytes: Uint8Array): Uint8Array[] {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const out: Uint8Array[] = []
    /** Whole short lines from here to `at` are handed out as one piece. */
    let start = 0
    for (let at = 0; at < chunk.length; ) {
      const lf = chunk.indexOf(LF, at)
      const end = lf < 0 ? chunk.length : lf + 1
      const piece = chunk.subarray(at, end)
      this.#measure(piece)
      if (this.#passes(piece)) this.#endLine(piece)
      else {
        if (at > start) out.push(chunk.subarray(start, at))
        this.#take(piece, out)
        start = end
      }
      at = end
    }
    if (start < chunk.length) out.push(chunk.subarray(start))
    return out
  }

  /** What is kept of a last line without an end. */
  finish(): Uint8Array[] {
    const out: Uint8Array[] = []
    this.longest = Math.max(this.longest, this.#column)
    while (this.#fill > MAX_LINE) this.#cut(out)
    this.#handOut(this.#fill, out)
    return out
  }

  /** A whole line that is short enough, and nothing of it seen before. */
  #passes(piece: Buffer): boolean {
    return this.#fill === 0 && !this.#dropping && !this.#wrapped && piece.at(-1) === LF && widthOf(piece) <= MAX_LINE
  }

  /** Part of a line, or all of it; LF can only be its last octet. */
  #take(piece: Buffer, out: Uint8Array[]): void {
    const ends = piece.at(-1) === LF
    let at = 0
    while (at < piece.length && !this.#dropping) {
      const taken = piece.copy(this.#line, this.#fill, at)
      this.#fill += taken
      at += taken
      // Full, and no end in sight: at least one octet too many.
      if (this.#fill === this.#line.length && this.#line[this.#fill - 1] !== LF) this.#cut(out)
    }
    if (!ends) return
    if (this.#dropping) out.push(CRLF)
    else {
      const line = this.#line.subarray(0, this.#fill)
      if (widthOf(line) > MAX_LINE) this.#cut(out)
      if (this.#dropping) out.push(CRLF)
      else {
        this.#endLine(this.#line.subarray(0, this.#fill))
        this.#handOut(this.#fill, out)
      }
    }
    this.#dropping = false
    this.#wrapped = false
    this.#fill = 0
  }

  /** The line at hand is too long: hands out its beginning. */
  #cut(out: Uint8Array[]): void {
    if (this.#rule === 'truncate') {
      this.#handOut(this.#full(), out)
      this.#dropping = true
      return
    }
    const inField = this.#inHeader && (this.#wrapped || isFieldLine(this.#line.subarray(0, this.#fill)))
    if (!inField) this.#inHeader = false
    let at = MAX_LINE
    while (at > 0 && this.#line[at] !== BLANK && this.#line[at] !== TAB) at--
    const atBlank = at > 0
    if (!atBlank) at = this.#full()
    out.push(Buffer.concat([this.#line.subarray(0, at), CRLF]))
    const fold = !atBlank && inField
    this.#line.copy(this.#line, fold ? 1 : 0, at, this.#fill)
    if (fold) this.#line[0] = BLANK
    this.#fill += (fold ? 1 : 0) - at
    this.#wrapped = true
  }

  #handOut(octets: number, out: Uint8Array[]): void {
    if (octets > 0) out.push(Buffer.from(this.#line.subarray(0, octets)))
    this.#fill = 0
  }

  /** How much of a line can be handed out without cutting a UTF-8 character: it has at most four octets. */
  #full(): number {
    for (let at = MAX_LINE; at > MAX_LINE - 4; at--) if (((this.#line[at] ?? 0) & 0xc0) !== 0x80) return at
    return MAX_LINE
  }

  #measure(piece: Buffer): void {
    const ends = piece.at(-1) === LF
    const crBefore = piece.length > 1 ? piece.at(-2) === CR : this.#afterCr
    const width = this.#column + piece.length - (ends ? 1 : 0) - (ends && crBefore ? 1 : 0)
    if (ends && width > this.longest) this.longest = width
    this.#column = ends ? 0 : this.#column + piece.length
    this.#afterCr = piece.at(-1) === CR
  }

  /** The header ends where the content scanner sees it end: at the empty line, or before a line that is no field. */
  #endLine(line: Buffer): void {
    if (this.#inHeader && !this.#wrapped && !isFieldLine(line)) this.#inHeader = false
  }
}

const isFieldLine = (line: Buffer): boolean => isContinuation(line) || fieldNameLength(line) > 0

/** Octets of a line that has its end. */
const widthOf = (line: Buffer): number => line.length - (line.at(-2) === CR ? 2 : 1)
