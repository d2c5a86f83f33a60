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

  push(chunk: Uint8Array): void {
    if (this.#broken !== undefined) return
    this.#octets.push(chunk)
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
      const octets = this.#octets.next()
      if (this.#octets.lineBytes > MAX_SWALLOWED) return this.#break('a line without end')
      if (octets === undefined) return undefined
      const line = printable(octets)
      const m = /^([2-5][0-9]{2})([ -]?)(.*)$/s.exec(line)
      if (m?.[1] === undefined || (m[2] === '' && m[3] !== '')) return this.#break(`not a reply: ${line.slice(0, 80)}`)
      const code = Number(m[1])
      if (this.#code !== undefined && code !== this.#code)
        return this.#break(`code changed within a reply: ${this.#code}, ${code}`)
      this.#code = code
      if (this.#lines.length >= MAX_LINES) return this.#break('reply of too many lines')
      this.#lines.push(this.#text(m[3] ?? '', code))
      if (m[2] === '-') continue
      const reply: ParsedReply = {
        code,
        lines: this.#lines,
        ...(this.#enhanced === undefined ? {} : { enhanced: this.#enhanced }),
      }
      this.#code = undefined
      this.#enhanced = undefined
      this.#lines = []
      return reply
    }
  }

  #text(text: string, code: number): string {
    const m = /^([245])\.(\d{1,3}\.\d{1,3})(?: |$)/.exec(text)
    if (m === null || Number(m[1]) !== Math.trunc(code / 100)) return text
    this.#enhanced ??= m[2]
    return text.slice(m[0].length)
  }

  #break(problem: string): ReplyProblem {
    this.#broken = { problem }
    this.#octets.drop()
    return this.#broken
  }
}

/** Controls become `?`, and so does what turns or breaks a line on a screen without being one (Unicode Bidi, LS, PS). */
function printable(octets: Buffer): string {
  const end = octets.at(-1) === CR ? octets.length - 1 : octets.length
  const text = octets.toString('utf8', 0, end)
  return PLAIN.test(text)
    ? text
    : text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '?')
}

const CR = 0x0d
/** Nearly all lines. */
const PLAIN = /^[ -~]*$/

/**
 * Lines of at most MAX_LINE octets; what is longer is swallowed. Real servers end lines with LF alone now and then; as
 * a client that cannot hurt us. Each octet is searched once, however they come.
 */
class LineOctets {
  /** Not looked at yet. */
  #pieces: Buffer[] = []
  #pending = 0
  /** The line at hand, as far as it has come. */
  readonly #line = Buffer.alloc(MAX_LINE)
  #begun = 0
  /** Octets of the line at hand, or of the one handed out last, those swallowed among them. */
  lineBytes = 0
  #ended = false

  get pending(): number {
    return this.#pending + this.#begun
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#pieces.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#pending += chunk.length
  }

  next(): Buffer | undefined {
    if (this.#ended) this.lineBytes = 0
    this.#ended = false
    let used = 0
    for (const piece of this.#pieces) {
      const lf = piece.indexOf(0x0a)
      const end = lf < 0 ? piece.length : lf
      this.#begun += piece.copy(this.#line, this.#begun, 0, end)
      this.#pending -= end
      this.lineBytes += end
      if (lf < 0) {
        used++
        continue
      }
      const rest = piece.subarray(lf + 1)
      this.#pending--
      this.#pieces.splice(0, used + 1, ...(rest.length === 0 ? [] : [rest]))
      const line = this.#line.subarray(0, this.#begun)
      this.#begun = 0
      this.#ended = true
      return line
    }
    this.#pieces = []
    return undefined
  }

  drop(): void {
    this.#pieces = []
    this.#pending = 0
    this.#begun = 0
  }
}
