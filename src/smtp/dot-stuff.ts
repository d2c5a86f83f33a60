// SPDX-License-Identifier: Apache-2.0
/**
 * Content on its way out over DATA: dots doubled at the start of lines (RFC 5321 §4.5.2), CRLF at the end, then the
 * final dot in one piece with the last of the content, so that no delayed acknowledgement stands between them.
 *
 * A dot behind a bare LF or bare CR is where a lenient receiver may see an end of data that is none, and so is one that
 * NULs part from the start of its line, where they are thrown away. Content from SMTP has been refused or normalised on
 * entry, other content has not; here it is refused with BareNewline, because neither doubling nor sending such a dot
 * is right for every receiver. CHUNKING carries it safely. RFC 5321 §2.3.8, §4.1.1.4.
 */
import { LowOctets } from '../mime/low-octets.ts'

/** Pieces are joined up to this: a copy of them costs less than a system call for each. */
const MAX_JOINED = 64 * 1024

/** Content that cannot be sent over DATA without risk: a bare newline, or what some receiver takes for one. */
export class BareNewline extends Error {
  override readonly name = 'BareNewline'
}

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
const NUL = 0

export async function* dotStuff(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const stuffing = new Stuffing()
  /** What is sent next, together; the last piece is never empty. */
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const bytes of content) {
    const pieces: Buffer[] = []
    stuffing.push(bytes, pieces)
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (heldBytes > 0 && heldBytes + length > MAX_JOINED) {
      yield join(held)
      held = []
      heldBytes = 0
    }
    held.push(...pieces)
    heldBytes += length
  }
  held.push(stuffing.end())
  yield join(held)
}

/**
 * The same of content that is there as a whole, in these pieces: in one.
 * @param room where it is put when it fits: it is the caller's again once it has been sent
 * @throws BareNewline
 */
export function dotStuffed(content: readonly Uint8Array[], room = NO_ROOM): Buffer {
  const stuffing = new Stuffing()
  const pieces: Buffer[] = []
  for (const bytes of content) stuffing.push(bytes, pieces)
  pieces.push(stuffing.end())
  return join(pieces, room)
}

const NO_ROOM: Buffer = Buffer.alloc(0)

class Stuffing {
  #atLineStart = true
  #afterNul = false
  /** The last octet so far. */
  #last = LF

  /** @param pieces what is sent for these octets is put at their end. @throws BareNewline */
  push(bytes: Uint8Array, pieces: Buffer[]): void {
    if (bytes.length === 0) return
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (this.#last === CR && chunk[0] !== LF) throw new BareNewline('CR without LF in content')
    const low = new LowOctets(chunk)
    let start = 0
    for (let at = 0; at < chunk.length; ) {
      if (this.#atLineStart) {
        while (chunk[at] === NUL) {
          this.#afterNul = true
          at++
        }
        if (at === chunk.length) break
        if (chunk[at] === DOT) {
          if (this.#afterNul) throw new BareNewline('NUL before a dot at the start of a line in content')
          pieces.push(chunk.subarray(start, at + 1))
          start = at
        }
      }
      this.#atLineStart = false
      this.#afterNul = false
      const lf = endOfLine(chunk, low, at)
      if (lf === chunk.length) break
      if ((lf > 0 ? chunk[lf - 1] : this.#last) !== CR) throw new BareNewline('LF without CR in content')
      this.#atLineStart = true
      at = lf + 1
    }
    this.#last = chunk.at(-1) ?? LF
    pieces.push(start === 0 ? chunk : chunk.subarray(start))
  }

  /** The end of the last line, and the final dot. @throws BareNewline */
  end(): Buffer {
    if (this.#last === CR) throw new BareNewline('CR without LF in content')
    // A line of NULs alone has to end like any other.
    return Buffer.from(this.#atLineStart && !this.#afterNul ? '.\r\n' : '\r\n.\r\n')
  }
}

/**
 * Where the next LF is that needs a look, or the end: one that may stand alone, or has a dot, a NUL or nothing behind it.
 * @throws BareNewline
 */
function endOfLine(chunk: Buffer, low: LowOctets, from: number): number {
  const { length } = chunk
  for (let at = low.next(from); at < length; at = low.next(at + 1)) {
    const octet = chunk[at]
    if (octet === LF) return at
    if (octet !== CR || at + 1 === length) continue
    if (chunk[at + 1] !== LF) throw new BareNewline('CR without LF in content')
    at++
    const next = chunk[at + 1]
    if (next === undefined || next === DOT || next === NUL) return at
  }
  return length
}

function join(pieces: readonly Buffer[], room = NO_ROOM): Buffer {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0]
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (length > room.length) return Buffer.concat(pieces, length)
  let at = 0
  for (const piece of pieces) {
    room.set(piece, at)
    at += piece.length
  }
  return room.subarray(0, length)
}
