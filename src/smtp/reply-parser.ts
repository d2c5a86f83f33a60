// SPDX-License-Identifier: Apache-2.0
/**
 * Replies of another server, from a stream of octets: RFC 5321 §4.2.1, enhanced codes by RFC 2034. Bounded whatever
 * the server sends: long lines are cut, many lines are a problem, and a code that changes within a reply is one too.
 */

export interface ParsedReply {
  readonly code: number
  /** `7.1`, when every line carried one of the code's class, or the first did. */
  readonly enhanced?: string
  /** Texts without code and enhanced code; decoded as UTF-8, control characters replaced. */
  readonly lines: readonly string[]
}

export interface ReplyProblem {
  readonly problem: string
}

/** Octets kept of a line; RFC 5321 §4.5.3.1.5 allows 512. The rest of a longer one is swallowed. */
const MAX_LINE = 2048
const MAX_LINES = 100

export class ReplyParser {
  #buffer: Buffer = Buffer.alloc(0)
  #swallowing = false
  #code: number | undefined
  #enhanced: string | undefined
  #lines: string[] = []
  #broken: ReplyProblem | undefined

  push(chunk: Uint8Array): void {
    if (this.#broken === undefined) this.#buffer = Buffer.concat([this.#buffer, chunk])
  }

  /** Whether octets are there that no reply has been made of: before a command was sent, a sign of a confused server. */
  get bytesPending(): number {
    return this.#buffer.length + this.#lines.length
  }

  /** The next whole reply. After a problem there is nothing more to be had. */
  next(): ParsedReply | ReplyProblem | undefined {
    if (this.#broken !== undefined) return this.#broken
    for (;;) {
      const line = this.#line()
      if (line === undefined) return undefined
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

  /** Real servers end lines with LF alone now and then; as a client that cannot hurt us. */
  #line(): string | undefined {
    const end = this.#buffer.indexOf('\n')
    if (end < 0) {
      if (this.#buffer.length > MAX_LINE) {
        if (!this.#swallowing) this.#kept = this.#buffer.subarray(0, MAX_LINE)
        this.#swallowing = true
        this.#buffer = Buffer.alloc(0)
      }
      return undefined
    }
    const whole = this.#swallowing ? this.#kept : this.#buffer.subarray(0, Math.min(end, MAX_LINE))
    this.#swallowing = false
    this.#buffer = Buffer.from(this.#buffer.subarray(end + 1))
    return whole
      .toString('utf8')
      .replace(/\r$/, '')
      .replace(/[\u0000-\u001f\u007f]/g, '?')
  }
  #kept: Buffer = Buffer.alloc(0)

  #break(problem: string): ReplyProblem {
    this.#broken = { problem }
    this.#buffer = Buffer.alloc(0)
    return this.#broken
  }
}
