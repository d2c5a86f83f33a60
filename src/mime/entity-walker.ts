// SPDX-License-Identifier: Apache-2.0
/**
 * Walks through the entities of a message while it streams by, for who wants to change leaf parts and nothing else: RFC
 * 2045, RFC 2046 §5.1. Any chunking; memory is bounded by the constants below, time is linear.
 *
 * Careful, not tolerant: what can be read in two ways is passed as it is. So are the insides of message/*, and of
 * multipart/signed and multipart/encrypted, which end with their octets (RFC 1847 §2.1).
 */
import { parseContentType } from './content-type.ts'
import { fieldNameLength, isContinuation, isEmptyLine } from './header-line.ts'

const LF = 0x0a
const CR = 0x0d
const HYPHEN = 0x2d

/** Octets of a line that are looked at to say what it is. */
const MAX_START = 1000
/** RFC 2046 §5.1.1 allows 70. */
const MAX_BOUNDARY = 200
/** Octets kept of the fields of one header that say what the entity is. */
const MAX_KEPT = 8192
/** Multiparts within multiparts; deeper ones are passed as they are. */
const MAX_NESTING = 20

export type KeptField = 'content-type' | 'content-transfer-encoding' | 'mime-version'

/** What takes the octets, each once and in order. Pieces are gone when the call returns. */
export interface EntitySink {
  /** Part of a field in the header of the entity with this index; `name` in lower case. */
  field(piece: Buffer, name: string, index: number): void
  /** The header ends, with `emptyLine` (which may be empty: a body can begin without one). */
  headerEnd(emptyLine: Buffer, entity: EntityHeader): void
  /** Body of a leaf part in lines: 7bit, 8bit, or not said. */
  text(piece: Buffer): void
  /** The body ends; of a leaf that `text` may have been called for. */
  textEnd(): void
  /** The leaf at hand has a line that some readers take for a delimiter. The rest of it is passed. */
  unsure(): void
  /** Everything else. */
  pass(piece: Buffer): void
}

export interface EntityHeader {
  /** Of the message itself 0, then in order of their headers. */
  readonly index: number
  /** Its fields of these names. */
  readonly has: ReadonlySet<KeptField>
}

interface Level {
  readonly boundary: string
  /** RFC 2046 §5.1.5: parts are messages unless they say otherwise. */
  readonly digest: boolean
}

type Where = 'header' | 'text' | 'pass'

export class EntityWalker {
  readonly #sink: EntitySink
  #levels: Level[] = []
  #index = 0
  #where: Where = 'header'
  #bareLf = false
  #lastOctet = 0

  /** The line at hand: what is kept until it is judged, and who gets the rest of it. */
  #start: Buffer = Buffer.alloc(0)
  #rest: ((piece: Buffer) => void) | undefined

  /** The header at hand: its open field, and the fields kept. */
  #field: string | undefined
  #kept = new Map<KeptField, Buffer[]>()
  #keptBytes = 0
  #unclear = false

  constructor(sink: EntitySink) {
    this.#sink = sink
  }

  /** A line has ended in LF alone: lines are not what they seem to all readers. */
  get bareLf(): boolean {
    return this.#bareLf
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let at = 0; at < bytes.length; ) {
      const lf = bytes.indexOf(LF, at)
      const end = lf < 0 ? bytes.length : lf + 1
      if (lf >= 0 && (lf === 0 ? this.#lastOctet : bytes[lf - 1]) !== CR) this.#bareLf = true
      this.#take(bytes.subarray(at, end), lf >= 0)
      at = end
    }
    this.#lastOctet = bytes.at(-1) ?? this.#lastOctet
  }

  end(): void {
    if (this.#start.length > 0) this.#judge(this.#start, true)
    if (this.#where === 'text') this.#sink.textEnd()
  }

  #take(piece: Buffer, ends: boolean): void {
    if (this.#rest !== undefined) this.#rest(piece)
    else {
      const line = this.#start.length === 0 ? piece : Buffer.concat([this.#start, piece])
      if (ends || line.length >= MAX_START || this.#isPlain(line)) this.#judge(line, ends)
      // A copy: the chunk may be reused.
      else this.#start = Buffer.from(line)
    }
    if (ends) this.#rest = undefined
  }

  /** Body, whatever follows. */
  #isPlain(line: Buffer): boolean {
    if (this.#where === 'header') return false
    return this.#levels.length === 0 || line[0] !== HYPHEN || (line.length > 1 && line[1] !== HYPHEN)
  }

  #judge(line: Buffer, whole: boolean): void {
    this.#start = Buffer.alloc(0)
    if (this.#levels.length > 0 && line[0] === HYPHEN && line[1] === HYPHEN && this.#delimiter(line, whole)) return
    if (this.#where === 'header' && this.#headerLine(line)) return
    this.#hand(line, this.#where === 'text' ? (piece) => this.#sink.text(piece) : (piece) => this.#sink.pass(piece))
  }

  #hand(line: Buffer, to: (piece: Buffer) => void): void {
    this.#rest = to
    to(line)
  }

  /** RFC 2046 §5.1.1. Innermost first; of a line that only begins like a delimiter nobody knows who takes it for one. */
  #delimiter(line: Buffer, whole: boolean): boolean {
    const text = line.toString('latin1', 2, 2 + MAX_START)
    const begins = (level: Level): boolean => text.startsWith(level.boundary)
    const level = this.#levels.findLastIndex(
      (one) => begins(one) && whole && /^(?:--)?[ \t]*\r?\n?$/.test(text.slice(one.boundary.length)),
    )
    const found = this.#levels[level]
    if (found === undefined) {
      if (this.#levels.some(begins)) this.#doubt()
      return false
    }
    if (this.#where === 'text') this.#sink.textEnd()
    const closes = text.startsWith('--', found.boundary.length)
    this.#levels.length = closes ? level : level + 1
    this.#hand(line, (piece) => this.#sink.pass(piece))
    this.#where = closes ? 'pass' : 'header'
    if (!closes) this.#beginEntity()
    return true
  }

  #doubt(): void {
    this.#unclear = true
    if (this.#where !== 'text') return
    this.#sink.textEnd()
    this.#sink.unsure()
    this.#where = 'pass'
  }

  #beginEntity(): void {
    this.#index++
    this.#field = undefined
    this.#kept = new Map()
    this.#keptBytes = 0
    this.#unclear = false
  }

  /** Whether the line belongs to the header, or ends it; else the body begins with it. */
  #headerLine(line: Buffer): boolean {
    if (isEmptyLine(line)) {
      this.#endHeader(line)
      this.#rest = (piece) => this.#sink.pass(piece)
      return true
    }
    const goesOn = this.#field !== undefined && isContinuation(line)
    const length = goesOn ? 0 : fieldNameLength(line)
    if (!goesOn && length === 0) {
      this.#endHeader(line.subarray(0, 0))
      return false
    }
    const name = goesOn ? (this.#field ?? '') : line.toString('latin1', 0, length).toLowerCase()
    this.#field = name
    if (!isKept(name)) {
      this.#hand(line, (piece) => this.#sink.field(piece, name, this.#index))
      return true
    }
    // RFC 5322 §3.6: once; of two nobody knows which one counts.
    if (!goesOn && this.#kept.has(name)) this.#unclear = true
    const kept = this.#kept.get(name) ?? []
    this.#kept.set(name, kept)
    this.#hand(line, (piece) => {
      this.#keptBytes += piece.length
      if (this.#keptBytes > MAX_KEPT) this.#unclear = true
      else kept.push(Buffer.from(piece))
      this.#sink.field(piece, name, this.#index)
    })
    return true
  }

  #endHeader(emptyLine: Buffer): void {
    this.#where = this.#bodyOf()
    this.#sink.headerEnd(emptyLine, { index: this.#index, has: new Set(this.#kept.keys()) })
  }

  #bodyOf(): Where {
    const value = (name: KeptField): string | undefined => {
      const lines = this.#kept.get(name)
      if (lines === undefined) return undefined
      const raw = Buffer.concat(lines).toString('latin1')
      return raw
        .slice(raw.indexOf(':') + 1)
        .replace(/\r?\n/g, '')
        .trim()
    }
    const encoding = (value('content-transfer-encoding') ?? '7bit').toLowerCase()
    if (this.#unclear || (encoding !== '7bit' && encoding !== '8bit')) return 'pass'
    const given = value('content-type')
    const { type, parameters } = parseContentType(
      given ?? (this.#levels.at(-1)?.digest ? 'message/rfc822' : 'text/plain'),
    )
    if (!/^[!#-'*+.0-9a-z^-~-]+\/[!#-'*+.0-9a-z^-~-]+$/.test(type) || type.startsWith('message/')) return 'pass'
    if (!type.startsWith('multipart/')) return 'text'
    const boundary = parameters.get('boundary') ?? ''
    const walked = type !== 'multipart/signed' && type !== 'multipart/encrypted' && this.#levels.length < MAX_NESTING
    if (walked && /^[ -~]*[!-~]$/.test(boundary) && boundary.length <= MAX_BOUNDARY)
      this.#levels.push({ boundary, digest: type === 'multipart/digest' })
    return 'pass'
  }
}

const isKept = (name: string): name is KeptField =>
  name === 'content-type' || name === 'content-transfer-encoding' || name === 'mime-version'
