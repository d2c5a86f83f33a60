// SPDX-License-Identifier: Apache-2.0
/**
 * Quoted-printable made of octets while they stream by, RFC 2045 §6.7: any chunking, constant memory. CRLF is a line
 * end and stays one; a CR or LF alone is data. Undoing it, and encoding of text in memory, is in transfer-encoding.ts.
 */

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const HYPHEN = 0x2d
const EQUALS = 0x3d

/** (5): lines of at most 76 characters, the last of which may have to be the `=` of a soft line break. */
const ROOM = 75

const HEX = Buffer.from('0123456789ABCDEF')

const isBlank = (octet: number): boolean => octet === SPACE || octet === TAB

export class QuotedPrintableEncoder {
  #column = 0
  /** A blank that waits for what follows: (3) at the end of a line it must be encoded. */
  #blank: number | undefined
  #cr = false
  #out: Buffer = Buffer.alloc(0)
  #length = 0

  /** What can be said of the octets so far. They may be reused afterwards. */
  push(bytes: Uint8Array): Buffer {
    // The worst octet is three characters, and every 25 of them take a soft line break; and what was waiting.
    this.#out = Buffer.allocUnsafe(4 * bytes.length + 16)
    this.#length = 0
    for (const octet of bytes) this.#take(octet)
    return this.#out.subarray(0, this.#length)
  }

  /** Ends the text. The encoder can be used anew. */
  end(): Buffer {
    this.#out = Buffer.allocUnsafe(16)
    this.#length = 0
    if (this.#cr) this.#bareCr()
    this.#endBlank()
    this.#column = 0
    return this.#out.subarray(0, this.#length)
  }

  #take(octet: number): void {
    if (this.#cr) {
      if (octet === LF) {
        this.#cr = false
        this.#endBlank()
        this.#put(CR)
        this.#put(LF)
        this.#column = 0
        return
      }
      this.#bareCr()
    }
    if (octet === CR) {
      this.#cr = true
      return
    }
    this.#innerBlank()
    if (isBlank(octet)) this.#blank = octet
    else if (octet > SPACE && octet < 0x7f && octet !== EQUALS) this.#plain(octet)
    else this.#quoted(octet)
  }

  #bareCr(): void {
    this.#cr = false
    this.#innerBlank()
    this.#quoted(CR)
  }

  #innerBlank(): void {
    if (this.#blank !== undefined) this.#plain(this.#blank)
    this.#blank = undefined
  }

  #endBlank(): void {
    if (this.#blank !== undefined) this.#quoted(this.#blank)
    this.#blank = undefined
  }

  #plain(octet: number): void {
    this.#room(1)
    // Lines that begin where none began, or read otherwise than before, must not be taken for a delimiter (RFC 2046 §5.1.1).
    if (octet === HYPHEN && this.#column === 0) {
      this.#quoted(octet)
      return
    }
    this.#put(octet)
    this.#column++
  }

  #quoted(octet: number): void {
    this.#room(3)
    this.#put(EQUALS)
    this.#put(HEX[octet >> 4] ?? 0)
    this.#put(HEX[octet & 15] ?? 0)
    this.#column += 3
  }

  /** Begins a new line with a soft line break where this one has no place. */
  #room(width: number): void {
    if (this.#column + width <= ROOM) return
    this.#put(EQUALS)
    this.#put(CR)
    this.#put(LF)
    this.#column = 0
  }

  #put(octet: number): void {
    this.#out[this.#length++] = octet
  }
}
