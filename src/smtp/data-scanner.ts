// SPDX-License-Identifier: Apache-2.0
/**
 * Message content as it comes over the wire. DATA: only CRLF.CRLF ends it, and a dot is taken off only at the start of
 * a line that a real CRLF began (RFC 5321 §4.1.1.4, §4.5.2); after a bare LF nothing is taken off, so what is kept is
 * what was sent. BDAT: the same without dots and without an end (RFC 3030). Slices of the input are handed on uncopied,
 * cut only where an octet goes or comes. `normalise` turns each bare CR or LF of the content into CRLF; it never makes
 * one an end of data.
 */
import { LowOctets } from '../mime/low-octets.ts'

export interface ScannedContent {
  /** Pieces of content, in order; views of what was pushed. */
  readonly content: readonly Uint8Array[]
  readonly ended: boolean
  /** What followed the end: pipelined commands. */
  readonly rest?: Buffer
}

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
const CRLF = Buffer.from('\r\n')
const LONE_CR = Buffer.of(CR)

/** Where in a line the next octet stands. A CR at the end of a chunk is held back: the next octet says what it is. */
type State = 'line start' | 'dot' | 'dot CR' | 'in line' | 'CR' | 'ended'

abstract class ContentOctets {
  /** CR without LF, LF without CR, NUL in the content so far. */
  bareCr = 0
  bareLf = 0
  nul = 0
  protected state: State = 'line start'
  readonly #normalise: boolean
  readonly #dots: boolean

  constructor(bareNewlines: 'pass' | 'normalise', dots: boolean) {
    this.#normalise = bareNewlines === 'normalise'
    this.#dots = dots
  }

  protected scan(bytes: Uint8Array): ScannedContent {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const low = new LowOctets(chunk)
    const out: Uint8Array[] = []
    /** The octets from `start` on are content and not handed out yet. */
    let start = 0
    let at = 0
    const handOut = (end: number, next: number): void => {
      if (end > start) out.push(chunk.subarray(start, end))
      start = next
    }
    while (at < chunk.length) {
      switch (this.state) {
        case 'line start':
          if (this.#dots && chunk[at] === DOT) {
            // RFC 5321 §4.5.2: a first dot goes, unless it is all there is on the line.
            handOut(at, at + 1)
            at++
            this.state = 'dot'
          } else this.state = 'in line'
          break
        case 'dot':
          if (chunk[at] === CR) {
            handOut(at, at + 1)
            at++
            this.state = 'dot CR'
          } else this.state = 'in line'
          break
        case 'dot CR':
          if (chunk[at] === LF) {
            this.state = 'ended'
            return this.#finished(chunk, out, at + 1)
          }
          this.#bareCr(out)
          break
        case 'CR':
          if (chunk[at] === LF) {
            out.push(CRLF)
            at++
            start = at
            this.state = 'line start'
          } else this.#bareCr(out)
          break
        case 'in line':
          at = endOfText(chunk, low, at)
          if (at === chunk.length) break
          if (chunk[at] === LF) {
            this.bareLf++
            if (this.#normalise) {
              handOut(at, at + 1)
              out.push(CRLF)
            }
          } else if (at + 1 === chunk.length) {
            handOut(at, at + 1)
            this.state = 'CR'
          } else if (chunk[at + 1] === LF) {
            at++
            this.state = 'line start'
          } else {
            this.bareCr++
            if (this.#normalise) {
              handOut(at, at + 1)
              out.push(CRLF)
            }
          }
          at++
          break
        case 'ended':
          return this.#finished(chunk, out, 0)
        default:
          return this.state satisfies never
      }
    }
    handOut(chunk.length, chunk.length)
    this.#countNul(chunk, chunk.length)
    return { content: out, ended: false }
  }

  /** What is held back when nothing more comes. */
  protected release(): Uint8Array[] {
    const out: Uint8Array[] = []
    if (this.state === 'CR') this.#bareCr(out)
    return out
  }

  #finished(chunk: Buffer, content: Uint8Array[], end: number): ScannedContent {
    this.#countNul(chunk, end)
    return { content, ended: true, rest: chunk.subarray(end) }
  }

  /** The CR held back is a bare one. */
  #bareCr(out: Uint8Array[]): void {
    this.bareCr++
    out.push(this.#normalise ? CRLF : LONE_CR)
    this.state = 'in line'
  }

  #countNul(chunk: Buffer, end: number): void {
    for (let at = chunk.indexOf(0); at >= 0 && at < end; at = chunk.indexOf(0, at + 1)) this.nul++
  }
}

/** Where the first CR or LF is that needs a look: one alone, or a line end with a dot or nothing behind it. */
function endOfText(chunk: Buffer, low: LowOctets, from: number): number {
  const { length } = chunk
  for (let at = low.next(from); at < length; at = low.next(at + 1)) {
    const octet = chunk[at]
    if (octet === LF) return at
    if (octet !== CR) continue
    if (at + 2 >= length || chunk[at + 1] !== LF || chunk[at + 2] === DOT) return at
    at++
  }
  return length
}

/** Content of DATA. What is pushed after the end comes back as `rest`. */
export class DataScanner extends ContentOctets {
  constructor({ bareNewlines }: { readonly bareNewlines: 'pass' | 'normalise' }) {
    super(bareNewlines, true)
  }

  push(bytes: Uint8Array): ScannedContent {
    return this.scan(bytes)
  }
}

/** Content of BDAT, over all chunks of a message. */
export class ChunkScanner extends ContentOctets {
  constructor({ bareNewlines }: { readonly bareNewlines: 'pass' | 'normalise' }) {
    super(bareNewlines, false)
  }

  push(bytes: Uint8Array): ScannedContent {
    return this.scan(bytes)
  }

  /** After the last chunk: a CR that nothing follows is a bare one. */
  finish(): readonly Uint8Array[] {
    return this.release()
  }
}
