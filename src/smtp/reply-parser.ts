// SPDX-License-Identifier: Apache-2.0
/**
 * Replies of another server, from a stream of octets: RFC 5321 §4.2.1, enhanced codes by RFC 2034. Bounded whatever
 * the server sends: long lines are cut, endless lines and many lines are a problem, and a code that changes within a
 * reply is one too. Texts come out fit for a log, a notification and a terminal.
 */

export interface ParsedReply {
  readonly code: number
  /** `7.1`: of the first line that carries one whose class is the code's first digit (RFC 2034 §4). */
  readonly enhanced?: string
  /** Texts without code and enhanced code; decoded as UTF-8, control characters replaced. */
  readonly lines: readonly string[]
}

export interface ReplyProblem {
  readonly problem: string
}

/** Octets kept of a line; RFC 5321 §4.5.3.1.5 allows 512. The rest of a longer one is swallowed … */
const MAX_LINE = 2048
/** … up to here: a line that is longer has no end. */
const MAX_SWALLOWED = 64 * 1024
const MAX_LINES = 100
/** Octets that may wait to be read: the answers to a pipelined group are far less; a server that floods is broken. */
const MAX_PENDING = 1024 * 1024

export class ReplyParser {
  readonly #octets = new LineOctets()
  #code: number | undefined
  #enhanced: string | undefined
  #lines: string[] = []
  #broken: ReplyProblem | undefined

  /** Takes so many octets of the chunk, all of them unless said. */
  push(chunk: Uint8Array, length = chunk.length): void {
    if (this.#broken !== undefined) return
    this.#octets.push(chunk, length)
    if (this.#octets.pending > MAX_PENDING) this.#break('more octets than any reply has')
  }

  /** What made an end of it. */
  get broken(): ReplyProblem | undefined {
    return this.#broken
  }

  /** Whether octets are there that no reply has been made of: before a command was sent, a sign of a confused server. */
  get bytesPending(): number {
    return this.#octets.pending + this.#lines.length
  }

  /** The next whole reply. After a problem there is nothing more to be had. */
  next(): ParsedReply | ReplyProblem | undefined {
    if (this.#broken !== undefined) return this.#broken
    for (;;) {
      const whole = this.#octets.next()
      if (this.#octets.lineBytes > MAX_SWALLOWED) return this.#break('a line without end')
      if (!whole) return undefined
      const code = codeOf(this.#octets)
      const mark = this.#octets.at(3)
      if (code === undefined || (mark !== undefined && mark !== SPACE && mark !== HYPHEN))
        return this.#break(`not a reply: ${printable(this.#octets, 0).slice(0, 80)}`)
      if (this.#code !== undefined && code !== this.#code)
        return this.#break(`code changed within a reply: ${this.#code}, ${code}`)
      if (this.#lines.length >= MAX_LINES) return this.#break('reply of too many lines')
      const text = this.#text(printable(this.#octets, 4), code)
      if (mark === HYPHEN) {
        this.#code = code
        this.#lines.push(text)
        continue
      }
      const lines = this.#lines.length === 0 ? [text] : [...this.#lines, text]
      const enhanced = this.#enhanced
      this.#code = undefined
      this.#enhanced = undefined
      if (lines.length > 1) this.#lines = []
      return enhanced === undefined ? { code, lines } : { code, enhanced, lines }
    }
  }

  #text(text: string, code: number): string {
    if (!ENHANCED.test(text) || text.charCodeAt(0) - ZERO !== Math.trunc(code / 100)) return text
    const space = text.indexOf(' ')
    const end = space === -1 ? text.length : space
    this.#enhanced ??= text.slice(2, end)
    return text.slice(end + 1)
  }

  #break(problem: string): ReplyProblem {
    this.#broken = { problem }
    this.#octets.drop()
    return this.#broken
  }
}

/** Three digits, the first of which a reply can begin with (RFC 5321 §4.2). */
function codeOf(line: LineOctets): number | undefined {
  const first = line.at(0) ?? 0
  const second = line.at(1) ?? 0
  const third = line.at(2) ?? 0
  if (first < 0x32 || first > 0x35 || !isDigit(second) || !isDigit(third)) return undefined
  return 100 * (first - ZERO) + 10 * (second - ZERO) + (third - ZERO)
}

const isDigit = (octet: number): boolean => octet >= ZERO && octet <= 0x39

/** Controls become `?`, and so does what turns or breaks a line on a screen without being one (Unicode Bidi, LS, PS). */
function printable(line: LineOctets, from: number): string {
  const plain = line.text('latin1', from)
  return PLAIN.test(plain)
    ? plain
    : line
        .text('utf8', from)
        .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '?')
}

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const HYPHEN = 0x2d
const ZERO = 0x30
/** RFC 3463 §2 */
const ENHANCED = /^[245]\.\d{1,3}\.\d{1,3}(?: |$)/
/** Nearly all lines. */
const PLAIN = /^[ -~]*$/

/** Room for the answers to a usual message; more is made when more comes. */
const ROOM = MAX_LINE
/** Octets that are copied one by one. */
const FEW = 128

/**
 * Lines of at most MAX_LINE octets; what is longer is swallowed. Real servers end lines with LF alone now and then; as
 * a client that cannot hurt us. Each octet is searched once, however they come, and copied: whoever brings them may use
 * their place again.
 */
class LineOctets {
  #octets = Buffer.allocUnsafeSlow(ROOM)
  /** What is kept lies from here … */
  #start = 0
  /** … and up to here no line ends … */
  #searched = 0
  /** … up to here. */
  #end = 0
  #lineStart = 0
  #lineEnd = 0
  /** Octets of the line at hand, or of the one handed out last, those swallowed among them. */
  lineBytes = 0
  #ended = false

  get pending(): number {
    return this.#end - this.#start
  }

  push(chunk: Uint8Array, length: number): void {
    if (length > this.#octets.length - this.#end) this.#makeRoom(length)
    // By hand where they are few, as most replies are: the view of a part costs more.
    if (length > FEW) this.#octets.set(chunk.subarray(0, length), this.#end)
    else for (let at = 0; at < length; at++) this.#octets[this.#end + at] = chunk[at] as number
    this.#end += length
  }

  /** Goes on to the next line, if the whole of it is there. */
  next(): boolean {
    if (this.#ended) this.lineBytes = 0
    this.#ended = false
    const start = this.#start
    const end = this.#end
    if (start === end) {
      this.drop()
      return false
    }
    const octets = this.#octets
    let at = this.#searched
    while (at < end && octets[at] !== LF) at++
    this.lineBytes += at - this.#searched
    const kept = start + Math.min(at - start, MAX_LINE)
    if (at === end) {
      this.#end = this.#searched = kept
      return false
    }
    this.#ended = true
    this.#lineStart = start
    this.#lineEnd = kept > start && octets[kept - 1] === CR ? kept - 1 : kept
    this.#start = this.#searched = at + 1
    return true
  }

  /** Of the line, its end is none of it; until the next octets come. */
  at(index: number): number | undefined {
    const at = this.#lineStart + index
    return at < this.#lineEnd ? this.#octets[at] : undefined
  }

  text(encoding: 'latin1' | 'utf8', from: number): string {
    return this.#octets.toString(encoding, Math.min(this.#lineStart + from, this.#lineEnd), this.#lineEnd)
  }

  drop(): void {
    this.#start = this.#searched = this.#end = 0
    if (this.#octets.length > MAX_SWALLOWED) this.#octets = Buffer.allocUnsafeSlow(ROOM)
  }

  #makeRoom(octets: number): void {
    const needed = this.pending + octets
    const kept = this.#octets.subarray(this.#start, this.#end)
    const to =
      needed > this.#octets.length ? Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#octets.length)) : this.#octets
    to.set(kept)
    this.#octets = to
    this.#searched -= this.#start
    this.#end -= this.#start
    this.#start = 0
  }
}
