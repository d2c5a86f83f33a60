// SPDX-License-Identifier: Apache-2.0
/**
 * Learns what policy and trace want to know of a message while it streams in: one pass, any chunking, memory bounded
 * by the constants below. RFC 5322 §2.1 and §2.2.
 * The header ends at the empty line, or before the first line that is no field. A line ends at LF; a CR before it
 * belongs to the line end. MIME structure is not looked at.
 * Line ends and NUL as they came are the wire scanner's matter (smtp/data-scanner.ts), which has them before they change.
 */
import { isAscii } from 'node:buffer'
import type { ContentSummary } from './content-summary.ts'
import { decodeWords, unfolded } from './encoded-word.ts'
import { fieldNameLength, isContinuation, isEmptyLine } from './header-line.ts'
import { LowOctets } from './low-octets.ts'

const LF = 0x0a
const CR = 0x0d

/** Names kept of a message; more are not indexed. */
const MAX_NAMES = 1000
/** A longer name is a field, but it is not indexed. */
const MAX_NAME = 128
/** Octets kept of a line and of a field: enough for every name and for what the trace shows. */
const MAX_KEPT = 4096
/** Characters of Subject and Message-ID in the summary. */
const MAX_SHOWN = 200

const NOTHING = Buffer.alloc(0)

type Shown = 'subject' | 'message-id'

/** All that content tells as it is kept. */
export type ScannedSummary = Omit<ContentSummary, 'bareCr' | 'bareLf' | 'hasNul'>

export class ContentScanner {
  readonly #namesLocalHost: RegExp | undefined
  #size = 0
  #continues = false
  #headerSize = 0
  #inHeader = true
  readonly #received = { received: 0, 'mr-received': 0, 'x400-received': 0, local: 0 }
  readonly #names = new Set<string>()
  readonly #shown: { [K in Shown]?: Buffer[] } = {}
  /** The field being read, when it is one that is shown or looked into; and the octets kept of it. */
  #keeping: Buffer[] | undefined
  #keepingReceived = false
  #keptBytes = 0
  #fieldOpen = false

  /** The header line being read: at most MAX_KEPT octets of it, and its whole length. */
  #line: Buffer[] = []
  #lineKept = 0
  #lineBytes = 0

  #eightBit = false
  #eightBitHeader = false
  #eightBitBody = false
  #lines = 0
  #longest = 0
  /** Octets of the line being read, from earlier pieces, and whether a CR is the last of them. */
  #column = 0
  #lastWasCr = false

  /** @param localHost whose name is looked for in `Received:` fields */
  constructor(localHost = '') {
    this.#namesLocalHost = localHost === '' ? undefined : hostPattern(localHost)
  }

  /** Takes the next piece. It may be reused afterwards. */
  push(slice: Uint8Array): void {
    const bytes = Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength)
    if (bytes.length === 0) return
    if (this.#size === 0) this.#continues = isContinuation(bytes)
    this.#size += bytes.length
    const ascii = isAscii(bytes)
    const low = new LowOctets(bytes)
    let at = 0
    let body = 0
    for (let lf = lineFeed(bytes, low, 0); lf >= 0; lf = lineFeed(bytes, low, at)) {
      this.#countLine(bytes, at, lf)
      if (this.#inHeader) {
        const line = bytes.subarray(at, lf + 1)
        this.#eightBit ||= !ascii && !isAscii(line)
        this.#endHeaderLine(line)
        body = lf + 1
      }
      at = lf + 1
    }
    if (at < bytes.length) this.#beginLine(bytes.subarray(at), ascii)
    if (this.#inHeader) return
    this.#eightBitBody ||= this.#eightBit || (!ascii && !isAscii(bytes.subarray(body)))
  }

  /** Whether the header is larger than `limit` octets, as far as it was read. */
  headerTooBig(limit: number): boolean {
    return this.#headerSize + (this.#inHeader ? this.#lineBytes : 0) > limit
  }

  /** Ends the scan. Call once, after the last `push`. */
  finish(): ScannedSummary {
    if (this.#inHeader && this.#lineBytes > 0) this.#endHeaderLine(NOTHING)
    if (this.#inHeader) this.#eightBitHeader ||= this.#eightBit
    else this.#eightBitBody ||= this.#eightBit
    this.#endReceived()
    const { subject, 'message-id': messageId } = this.#shown
    return {
      size: this.#size,
      headerSize: this.#headerSize,
      continues: this.#continues,
      receivedFields: this.#received.received,
      mrReceivedFields: this.#received['mr-received'],
      x400ReceivedFields: this.#received['x400-received'],
      localReceivedFields: this.#received.local,
      fieldNames: this.#names,
      ...(subject === undefined ? {} : { subject: show(decodeWords(unfolded(inOne(subject)))) }),
      ...(messageId === undefined ? {} : { messageId: show(unfolded(inOne(messageId))) }),
      eightBitHeader: this.#eightBitHeader,
      eightBitBody: this.#eightBitBody,
      longestLine: Math.max(this.#longest, this.#column),
      lines: this.#lines + (this.#column > 0 ? 1 : 0),
    }
  }

  /** The line being read ends with the LF at `lf`; `from` is where this piece has the first of it. */
  #countLine(bytes: Buffer, from: number, lf: number): void {
    const hasCr = lf > from ? bytes[lf - 1] === CR : this.#lastWasCr
    const width = this.#column + lf - from - (hasCr ? 1 : 0)
    if (width > this.#longest) this.#longest = width
    this.#lines++
    this.#column = 0
    this.#lastWasCr = false
  }

  /** A line, or more of one, that goes on in the next piece. */
  #beginLine(bytes: Buffer, ascii: boolean): void {
    this.#column += bytes.length
    this.#lastWasCr = bytes[bytes.length - 1] === CR
    if (!this.#inHeader) return
    this.#eightBit ||= !ascii && !isAscii(bytes)
    this.#lineBytes += bytes.length
    const room = MAX_KEPT - this.#lineKept
    if (room <= 0) return
    // Copied: the caller may reuse its piece.
    const kept = Buffer.from(bytes.subarray(0, room))
    this.#line.push(kept)
    this.#lineKept += kept.length
  }

  /** A line of what may be the header is complete; `last` is what this piece has of it. */
  #endHeaderLine(last: Buffer): void {
    const room = MAX_KEPT - this.#lineKept
    const end = last.length <= room ? last : last.subarray(0, room)
    const line = this.#line.length === 0 ? end : Buffer.concat([...this.#line, end])
    const bytes = this.#lineBytes + last.length
    if (this.#line.length > 0) this.#line = []
    this.#lineKept = 0
    this.#lineBytes = 0
    if (isEmptyLine(line)) {
      this.#inHeader = false
      return
    }
    if (this.#fieldOpen && isContinuation(line)) this.#keepField(line)
    else {
      const nameLength = fieldNameLength(line)
      if (nameLength === 0) {
        // The line belongs to the body, and so do the octets counted in it.
        this.#inHeader = false
        return
      }
      this.#beginField(line, nameLength)
    }
    this.#headerSize += bytes
    this.#eightBitHeader ||= this.#eightBit
    this.#eightBit = false
  }

  #beginField(line: Buffer, nameLength: number): void {
    this.#endReceived()
    this.#fieldOpen = true
    this.#keeping = undefined
    const name = nameLength <= MAX_NAME ? line.toString('latin1', 0, nameLength).toLowerCase() : ''
    if (name === 'received' || name === 'mr-received' || name === 'x400-received') this.#received[name]++
    if (name !== '' && this.#names.size < MAX_NAMES) this.#names.add(name)
    this.#keepingReceived = name === 'received' && this.#namesLocalHost !== undefined
    // Of a field that stands more than once the first counts.
    const shown = (name === 'subject' || name === 'message-id') && this.#shown[name] === undefined
    if (!shown && !this.#keepingReceived) return
    this.#keeping = []
    this.#keptBytes = 0
    if (shown) this.#shown[name] = this.#keeping
    this.#keepField(line.subarray(line.indexOf(0x3a) + 1))
  }

  #keepField(line: Buffer): void {
    if (this.#keeping === undefined || this.#keptBytes >= MAX_KEPT) return
    // Copied: the caller may reuse its piece.
    const kept = Buffer.from(line.subarray(0, MAX_KEPT - this.#keptBytes))
    this.#keeping.push(kept)
    this.#keptBytes += kept.length
  }

  /** The field before is complete: was it a `Received:` field with the name of the local host in it? */
  #endReceived(): void {
    if (!this.#keepingReceived || this.#keeping === undefined) return
    if (this.#namesLocalHost?.test(inOne(this.#keeping).toString('latin1')) === true) this.#received.local++
    this.#keepingReceived = false
  }
}

/** What was kept of a field; nearly always it came in one piece. */
const inOne = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)

function lineFeed(bytes: Buffer, low: LowOctets, from: number): number {
  for (let at = low.next(from); at < bytes.length; at = low.next(at + 1)) if (bytes[at] === LF) return at
  return -1
}

/** The name as a whole word. The domain of an address is no host: `for <kim@example.org>` says nothing of where mail was. */
function hostPattern(host: string): RegExp {
  if (lastPattern?.host === host) return lastPattern.pattern
  const pattern = new RegExp(`(?<![\\w.@-])${host.replace(/[^A-Za-z0-9-]/g, '\\$&')}(?!\\.?[\\w-])`, 'i')
  lastPattern = { host, pattern }
  return pattern
}

/** A server has one name, and a pattern is dearer to make than a header is to read. */
let lastPattern: { readonly host: string; readonly pattern: RegExp } | undefined

/** For people: no control characters, which could steer a terminal, and not too long. */
const show = (value: string): string => {
  const clean = value.slice(0, 4 * MAX_SHOWN).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, ' ')
  const text = clean.toWellFormed()
  return text.length <= MAX_SHOWN ? text : [...text].slice(0, MAX_SHOWN).join('')
}
