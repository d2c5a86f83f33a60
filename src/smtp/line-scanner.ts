// SPDX-License-Identifier: Apache-2.0
/**
 * Command lines from a stream of octets. Only CRLF ends a line (RFC 5321 §2.3.8); a line with CR or LF alone, a NUL,
 * or too many octets is reported once and swallowed to its CRLF in bounded memory. However the octets are cut, each is
 * searched once, those of a first piece that is no whole line twice. What has been pushed and not read is kept, so read before pushing more.
 */

export type ScannedLine =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'bad'; readonly why: 'bare-cr' | 'bare-lf' | 'nul' | 'too-long' }

const CR = 0x0d
const LF = 0x0a
const MAX_PIECES = 64

export class LineScanner {
  /** Longest line, CRLF not counted. May change between lines: AUTH exchanges are longer. */
  maxBytes: number
  /** Octets not read yet, as they came. */
  #pieces: Buffer[] = []
  #pending = 0
  /** The pieces before this one have been searched: no line ends in them. */
  #at = 0
  /** Octets of the pieces before `#at`. */
  #before = 0
  /** The line is too long already: everything to its CRLF is thrown away. */
  #swallowing = false

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Takes octets, which must not be changed afterwards: lines are views of them where possible. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    const { buffer, byteOffset, byteLength } = chunk
    this.#pieces.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(buffer, byteOffset, byteLength))
    this.#pending += chunk.length
  }

  /** The next whole line, or `undefined` until more octets come. */
  next(): ScannedLine | undefined {
    const plain = this.#plainLine()
    if (plain !== undefined) return { kind: 'line', bytes: plain }
    for (let piece = this.#pieces[this.#at]; piece !== undefined; piece = this.#pieces[this.#at]) {
      const end = this.#endIn(piece)
      if (end !== undefined) return this.#line(piece, end)
      this.#at++
      this.#before += piece.length
      if (this.#before > this.maxBytes + 1) this.#swallow(piece)
      else if (this.#at >= MAX_PIECES) this.#join()
    }
    return undefined
  }

  /** As nearly all lines come: good, and whole in one piece. By hand: they are short, and a call of Buffer's costs more. */
  #plainLine(): Buffer | undefined {
    const piece = this.#pieces[0]
    if (piece === undefined || this.#at > 0) return undefined
    const end = plainEnd(piece, this.maxBytes)
    if (end === undefined) return undefined
    if (end + 2 === piece.length) this.#pieces.shift()
    else this.#pieces[0] = piece.subarray(end + 2)
    this.#pending -= end + 2
    return piece.subarray(0, end)
  }

  #line(piece: Buffer, end: number): ScannedLine {
    const length = this.#before + end - 2
    const head = this.#at === 0 ? piece : Buffer.concat(this.#pieces.slice(0, this.#at + 1))
    const bytes = head.subarray(0, Math.max(0, length))
    const rest = piece.subarray(end)
    this.#pieces.splice(0, this.#at + 1, ...(rest.length === 0 ? [] : [rest]))
    this.#pending -= this.#before + end
    this.#restart()
    if (this.#swallowing || bytes.length > this.maxBytes) {
      this.#swallowing = false
      return { kind: 'bad', why: 'too-long' }
    }
    if (bytes.includes(LF)) return { kind: 'bad', why: 'bare-lf' }
    if (bytes.includes(CR)) return { kind: 'bad', why: 'bare-cr' }
    if (bytes.includes(0)) return { kind: 'bad', why: 'nul' }
    return { kind: 'line', bytes }
  }

  /**
   * Takes away what has not been read: content behind DATA and BDAT, injected octets behind STARTTLS. A line begun and
   * not ended is part of it; the next octets begin a new one.
   */
  rest(): Buffer {
    const [only] = this.#pieces
    const rest = only !== undefined && this.#pieces.length === 1 ? only : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#pending = 0
    this.#swallowing = false
    this.#restart()
    return rest
  }

  get pendingBytes(): number {
    return this.#pending
  }

  /** Behind the first CRLF that ends in this piece. */
  #endIn(piece: Buffer): number | undefined {
    if (piece[0] === LF && this.#pieces[this.#at - 1]?.at(-1) === CR) return 1
    const at = piece.indexOf('\r\n', 0, 'latin1')
    return at < 0 ? undefined : at + 2
  }

  /** Forgets the pieces of a line that is too long, but for the last octet: it may be the CR of its end. */
  #swallow(last: Buffer): void {
    this.#swallowing = true
    this.#pieces.splice(0, this.#at, Buffer.from(last.subarray(-1)))
    this.#pending -= this.#before - 1
    this.#at = 1
    this.#before = 1
  }

  /** A line that comes octet by octet must not cost an object for each. */
  #join(): void {
    this.#pieces.splice(0, this.#at, Buffer.concat(this.#pieces.slice(0, this.#at)))
    this.#at = 1
  }

  #restart(): void {
    this.#at = 0
    this.#before = 0
  }
}

/** Where the CRLF of a good line stands that begins this piece. */
function plainEnd(piece: Buffer, maxBytes: number): number | undefined {
  const most = Math.min(maxBytes, piece.length - 2)
  for (let at = 0; at <= most; at++) {
    const octet = piece[at]
    if (octet === CR && piece[at + 1] === LF) return at
    if (octet === CR || octet === LF || octet === 0) return undefined
  }
  return undefined
}
