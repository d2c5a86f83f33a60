// SPDX-License-Identifier: Apache-2.0
/**
 * A message without some of its header fields, chunk by chunk as it comes, any chunking, little memory. The header ends
 * where every reader of ours says it does (header-line.ts): at the empty line, or before the first line that is no field.
 */
import { fieldNameLength, isContinuation, isEmptyLine } from './header-line.ts'

const LF = 0x0a
const COLON = 0x3a

/** A line whose colon has not come by then is no field: names are shorter (RFC 5322 §2.1.1). */
const MAX_NAME = 1000

/** @param names in lower case */
export async function* withoutFields(
  content: AsyncIterable<Uint8Array>,
  names: ReadonlySet<string>,
): AsyncIterable<Uint8Array> {
  const filter = new FieldFilter(names)
  for await (const chunk of content) {
    const kept = filter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    if (kept.length > 0) yield kept
  }
  const rest = filter.end()
  if (rest.length > 0) yield rest
}

class FieldFilter {
  readonly #names: ReadonlySet<string>
  #inHeader = true
  /** The beginning of a line that cannot be judged yet. */
  #start: Buffer = Buffer.alloc(0)
  /** The line at hand has been judged, and this is what becomes of it. */
  #line: 'unknown' | 'kept' | 'dropped' = 'unknown'
  /** A field has come, which a line with a blank can go on with. */
  #field: 'none' | 'kept' | 'dropped' = 'none'

  constructor(names: ReadonlySet<string>) {
    this.#names = names
  }

  push(chunk: Buffer): Buffer {
    if (!this.#inHeader) return chunk
    const kept: Buffer[] = []
    let rest = chunk
    while (rest.length > 0 && this.#inHeader) {
      const lf = rest.indexOf(LF)
      const piece = lf === -1 ? rest : rest.subarray(0, lf + 1)
      rest = rest.subarray(piece.length)
      const judged = this.#judge(piece, lf !== -1)
      if (judged !== undefined) kept.push(judged)
      if (lf !== -1) this.#line = 'unknown'
    }
    if (rest.length > 0) kept.push(rest)
    return kept.length === 1 ? (kept[0] ?? chunk) : Buffer.concat(kept)
  }

  /** A line that never ended is judged as it is. */
  end(): Buffer {
    return this.#start.length === 0 ? this.#start : (this.#judge(Buffer.alloc(0), true) ?? Buffer.alloc(0))
  }

  /** What of it goes on; `undefined`: nothing, or nothing yet. */
  #judge(piece: Buffer, whole: boolean): Buffer | undefined {
    if (this.#line !== 'unknown') return this.#line === 'kept' ? piece : undefined
    const line = this.#start.length === 0 ? piece : Buffer.concat([this.#start, piece])
    if (!whole && line.length < MAX_NAME && !line.includes(COLON) && !isContinuation(line)) {
      // A copy: the chunk may be reused.
      this.#start = Buffer.from(line)
      return undefined
    }
    this.#start = Buffer.alloc(0)
    this.#line = this.#fateOf(line)
    return this.#line === 'kept' ? line : undefined
  }

  #fateOf(line: Buffer): 'kept' | 'dropped' {
    if (isContinuation(line) && this.#field !== 'none') return this.#field
    const length = isContinuation(line) || isEmptyLine(line) ? 0 : fieldNameLength(line)
    if (length === 0) {
      this.#inHeader = false
      return 'kept'
    }
    this.#field = this.#names.has(line.toString('latin1', 0, length).toLowerCase()) ? 'dropped' : 'kept'
    return this.#field
  }
}
