// SPDX-License-Identifier: Apache-2.0
/**
 * Content on its way out over DATA: dots doubled at the start of lines (RFC 5321 §4.5.2), CRLF at the end, then the
 * final dot in one piece with the last of the content, so that no delayed acknowledgement stands between them.
 *
 * A dot behind a bare LF or bare CR is where a lenient receiver may see an end of data that is none. Content with bare
 * newlines has been refused or normalised on entry unless a channel's policy let it pass; what is left of it is refused
 * here with BareNewline, because neither doubling nor sending such a dot is right for every receiver. CHUNKING carries
 * such content safely.
 */

/** Content that cannot be sent over DATA without risk. */
export class BareNewline extends Error {
  override readonly name = 'BareNewline'
}

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e

export async function* dotStuff(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let atLineStart = true
  let afterCr = false
  let held: Buffer | undefined
  for await (const bytes of content) {
    if (bytes.length === 0) continue
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const pieces: Buffer[] = []
    let start = 0
    let at = 0
    while (at < chunk.length) {
      if (afterCr && chunk[at] !== LF) throw new BareNewline('CR without LF in content')
      if (atLineStart && chunk[at] === DOT) {
        pieces.push(chunk.subarray(start, at + 1))
        start = at
      }
      atLineStart = false
      afterCr = false
      const lf = chunk.indexOf(LF, at)
      const end = lf < 0 ? chunk.length : lf
      const cr = chunk.indexOf(CR, at)
      if (cr >= 0 && cr < end - 1) throw new BareNewline('CR without LF in content')
      if (lf < 0) {
        afterCr = chunk[end - 1] === CR
        break
      }
      const hasCr = lf > at ? chunk[lf - 1] === CR : endsWithCr(held, chunk, lf)
      if (!hasCr) throw new BareNewline('LF without CR in content')
      atLineStart = true
      at = lf + 1
    }
    pieces.push(chunk.subarray(start))
    if (held !== undefined) yield held
    held = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }
  if (afterCr) throw new BareNewline('CR without LF in content')
  const end = atLineStart ? '.\r\n' : '\r\n.\r\n'
  yield held === undefined ? Buffer.from(end) : Buffer.concat([held, Buffer.from(end)])
}

const endsWithCr = (held: Buffer | undefined, chunk: Buffer, at: number): boolean =>
  at > 0 ? chunk[at - 1] === CR : held !== undefined && held.at(-1) === CR
