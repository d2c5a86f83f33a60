// SPDX-License-Identifier: Apache-2.0
/**
 * Command lines from a stream of octets. Only CRLF ends a line (RFC 5321 §2.3.8); a line with CR or LF alone, a NUL,
 * or too many octets is reported once and swallowed to its CRLF in bounded memory.
 */

export type ScannedLine =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'bad'; readonly why: 'bare-cr' | 'bare-lf' | 'nul' | 'too-long' }

const CR = 0x0d
const LF = 0x0a

export class LineScanner {
  /** Longest line, CRLF not counted. May change between lines: AUTH exchanges are longer. */
  maxBytes: number
  #buffer: Buffer = Buffer.alloc(0)
  /** Where the search for CRLF goes on. */
  #searched = 0
  /** The line is too long already: everything to its CRLF is thrown away. */
  #swallowing = false

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  push(chunk: Uint8Array): void {
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#buffer, chunk])
  }

  /** The next whole line, or `undefined` until more octets come. */
  next(): ScannedLine | undefined {
    const end = this.#buffer.indexOf('\r\n', Math.max(0, this.#searched - 1))
    if (end < 0) {
      this.#searched = this.#buffer.length
      if (this.#buffer.length > this.maxBytes + 1) {
        this.#swallowing = true
        // The last octet may be the CR of the line's end.
        this.#buffer = this.#buffer.subarray(-1)
        this.#searched = 1
      }
      return undefined
    }
    const bytes = this.#buffer.subarray(0, end)
    this.#buffer = this.#buffer.subarray(end + 2)
    this.#searched = 0
    if (this.#swallowing || bytes.length > this.maxBytes) {
      this.#swallowing = false
      return { kind: 'bad', why: 'too-long' }
    }
    if (bytes.includes(LF)) return { kind: 'bad', why: 'bare-lf' }
    if (bytes.includes(CR)) return { kind: 'bad', why: 'bare-cr' }
    if (bytes.includes(0)) return { kind: 'bad', why: 'nul' }
    return { kind: 'line', bytes }
  }

  /** Takes away what has not been read: content behind DATA and BDAT, injected octets behind STARTTLS. */
  rest(): Buffer {
    const rest = this.#swallowing ? Buffer.alloc(0) : this.#buffer
    this.#buffer = Buffer.alloc(0)
    this.#searched = 0
    return rest
  }

  get pendingBytes(): number {
    return this.#buffer.length
  }
}
