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
  let atLineStart = true
  let afterCr = false
  let afterNul = false
  /** What is sent next, together; the last piece is never empty. */
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const bytes of content) {
    if (bytes.length === 0) continue
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const pieces: Buffer[] = []
    let start = 0
    let at = 0
    while (at < chunk.length) {
      if (afterCr && chunk[at] !== LF) throw new BareNewline('CR without LF in content')
      if (atLineStart) {
        while (chunk[at] === NUL) {
          afterNul = true
          at++
        }
        if (at === chunk.length) break
        if (chunk[at] === DOT) {
          if (afterNul) throw new BareNewline('NUL before a dot at the start of a line in content')
          pieces.push(chunk.subarray(start, at + 1))
          start = at
        }
      }
      atLineStart = false
      afterCr = false
      afterNul = false
      const lf = endOfLine(chunk, at)
      if (lf === chunk.length) {
        afterCr = chunk[lf - 1] === CR
        break
      }
      const hasCr = lf > at ? chunk[lf - 1] === CR : endsWithCr(held.at(-1), chunk, lf)
      if (!hasCr) throw new BareNewline('LF without CR in content')
      atLineStart = true
      at = lf + 1
    }
    pieces.push(chunk.subarray(start))
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (heldBytes > 0 && heldBytes + length > MAX_JOINED) {
      yield join(held)
      held = []
      heldBytes = 0
    }
    held.push(...pieces)
    heldBytes += length
  }
  if (afterCr) throw new BareNewline('CR without LF in content')
  // A line of NULs alone has to end like any other.
  const end = atLineStart && !afterNul ? '.\r\n' : '\r\n.\r\n'
  held.push(Buffer.from(end))
  yield join(held)
}

/**
 * Where the next LF is, or the end. By hand: lines are short, and a call of Buffer's costs more than to look at most of
 * them. @throws BareNewline
 */
function endOfLine(chunk: Buffer, from: number): number {
  const { length } = chunk
  for (let at = from; at < length; at++) {
    const octet = chunk[at]
    if (octet === LF) return at
    if (octet === CR && at + 1 < length && chunk[at + 1] !== LF) throw new BareNewline('CR without LF in content')
  }
  return length
}

const join = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)

const endsWithCr = (held: Buffer | undefined, chunk: Buffer, at: number): boolean =>
  at > 0 ? chunk[at - 1] === CR : held !== undefined && held.at(-1) === CR
