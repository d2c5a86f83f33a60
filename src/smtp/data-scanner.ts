// SPDX-License-Identifier: Apache-2.0
/**
 * Message content as it comes over the wire. DATA: only CRLF.CRLF ends it, and a dot is taken off only at the start of
 * a line that a real CRLF began (RFC 5321 §4.1.1.4, §4.5.2); after a bare LF nothing is taken off, so what is kept is
 * what was sent. BDAT: the same without dots and without an end (RFC 3030). Slices of the input are handed on uncopied.
 * `normalise` turns each bare CR or LF of the content into CRLF; it never makes one an end of data.
 */

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

/** Where in a line the next octet stands. */
type State = 'line start' | 'dot' | 'dot CR' | 'in line' | 'CR'

abstract class ContentOctets {
  /** CR without LF, LF without CR, NUL so far. */
  bareCr = 0
  bareLf = 0
  nul = 0
  protected state: State = 'line start'
  protected readonly normalise: boolean
  protected out: Uint8Array[] = []

  constructor({ bareNewlines }: { readonly bareNewlines: 'pass' | 'normalise' }) {
    this.normalise = bareNewlines === 'normalise'
  }

  protected emit(chunk: Buffer, from: number, to: number): void {
    if (to > from) this.out.push(chunk.subarray(from, to))
  }

  protected bareLine(kind: 'cr' | 'lf', octet: Uint8Array): void {
    if (kind === 'cr') this.bareCr++
    else this.bareLf++
    this.out.push(this.normalise ? CRLF : octet)
  }

  /**
   * Takes octets of a line from `from` to its CRLF, or to the end of the chunk. Returns where it stopped; the state says
   * how the line stands. A CR at the end of the chunk is held back, for the next octet decides what it is.
   */
  protected takeLine(chunk: Buffer, from: number): number {
    let start = from
    let at = from
    for (;;) {
      const lf = chunk.indexOf(LF, at)
      const end = lf < 0 ? chunk.length : lf
      let cr = chunk.indexOf(CR, at)
      while (cr >= 0 && cr < end - 1) {
        this.emit(chunk, start, cr)
        this.bareLine('cr', CR_OCTET)
        start = cr + 1
        cr = chunk.indexOf(CR, start)
      }
      const crAtEnd = end > start && chunk[end - 1] === CR
      if (lf < 0) {
        this.emit(chunk, start, crAtEnd ? end - 1 : end)
        this.state = crAtEnd ? 'CR' : 'in line'
        return end
      }
      if (crAtEnd) {
        this.emit(chunk, start, lf + 1)
        this.state = 'line start'
        return lf + 1
      }
      this.emit(chunk, start, lf)
      this.bareLine('lf', LF_OCTET)
      start = lf + 1
      at = start
    }
  }

  /** The octet behind a CR that ended the last chunk. Returns where to go on. */
  protected afterCr(chunk: Buffer, at: number): number {
    if (chunk[at] === LF) {
      this.out.push(CRLF)
      this.state = 'line start'
      return at + 1
    }
    this.bareLine('cr', CR_OCTET)
    this.state = 'in line'
    return at
  }

  protected countNul(chunk: Buffer): void {
    for (let at = chunk.indexOf(0); at >= 0; at = chunk.indexOf(0, at + 1)) this.nul++
  }

  protected take(): readonly Uint8Array[] {
    const taken = this.out
    this.out = []
    return taken
  }
}

const CR_OCTET = Buffer.of(CR)
const LF_OCTET = Buffer.of(LF)

/** Content of DATA. After `ended` it takes no more. */
export class DataScanner extends ContentOctets {
  push(bytes: Uint8Array): ScannedContent {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.countNul(chunk)
    let at = 0
    while (at < chunk.length) {
      switch (this.state) {
        case 'line start':
          if (chunk[at] === DOT) {
            this.state = 'dot'
            at++
          } else at = this.takeLine(chunk, at)
          break
        case 'dot':
          // RFC 5321 §4.5.2: a first dot goes, unless it is all there is on the line.
          if (chunk[at] === CR) {
            this.state = 'dot CR'
            at++
          } else at = this.takeLine(chunk, at)
          break
        case 'dot CR':
          if (chunk[at] === LF) return { content: this.take(), ended: true, rest: chunk.subarray(at + 1) }
          at = this.afterCr(chunk, at)
          break
        case 'CR':
          at = this.afterCr(chunk, at)
          break
        case 'in line':
          at = this.takeLine(chunk, at)
          break
        default:
          return this.state satisfies never
      }
    }
    return { content: this.take(), ended: false }
  }
}

/** Content of BDAT, over all chunks of a message. */
export class ChunkScanner extends ContentOctets {
  push(bytes: Uint8Array): ScannedContent {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.countNul(chunk)
    let at = 0
    while (at < chunk.length) at = this.state === 'CR' ? this.afterCr(chunk, at) : this.takeLine(chunk, at)
    return { content: this.take(), ended: false }
  }

  /** At the last chunk: a CR that nothing follows is a bare one. */
  finish(): readonly Uint8Array[] {
    if (this.state === 'CR') this.bareLine('cr', CR_OCTET)
    this.state = 'line start'
    return this.take()
  }
}
