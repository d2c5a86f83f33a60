// SPDX-License-Identifier: Apache-2.0
/**
 * A second, simple opinion on a dialogue: reads what the client sent as the RFCs say, with the server's replies beside
 * it, and tells whether each reply may be, and which messages must have been taken. RFC 5321, 2033, 3030, 4954.
 * It knows no policy: a refusal is always possible, an acceptance only where the order of commands allows it.
 */
import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import type { Service } from './memory-session.ts'

/** A message that the replies say was taken. */
export interface Taken {
  readonly recipients: number
  /** As the client meant it: dots undone, chunks joined. */
  readonly content: string
}

export interface Verdict {
  readonly taken: readonly Taken[]
  /** STARTTLS was accepted: what follows is not ours to read. */
  readonly tls: boolean
}

export interface ModelOptions {
  readonly service: Service
  /** Octets of a command line and of a line within AUTH, the CRLF not counted. */
  readonly commandLine: number
  readonly authLine: number
}

/** RFC 5321 §4.5.3.1.4 aside: more than this in one chunk is not read to its end. */
const ENDLESS = 16 * 1024 * 1024
const HELLO = { smtp: ['HELO', 'EHLO'], submission: ['HELO', 'EHLO'], lmtp: ['LHLO'] } as const
const VERBS = ['MAIL', 'RCPT', 'DATA', 'BDAT', 'RSET', 'NOOP', 'QUIT', 'VRFY', 'EXPN', 'HELP', 'AUTH', 'STARTTLS']
/** Codes that say yes, and what they say it to. */
const YES: Readonly<Record<string, readonly number[]>> = {
  HELO: [250],
  EHLO: [250],
  LHLO: [250],
  MAIL: [250],
  RCPT: [250, 251],
  DATA: [354],
  BDAT: [250],
  RSET: [250],
  NOOP: [250],
  QUIT: [221],
  VRFY: [250, 252],
  EXPN: [250, 252],
  HELP: [211, 214],
  AUTH: [235, 334],
  STARTTLS: [220],
}

interface Transaction {
  recipients: number
  /** Between the chunks of a message. */
  chunks: string | undefined
}

/** @throws AssertionError when a reply is missing, is one too many, or may not be where it stands */
export function judge(sent: Buffer, said: Buffer, options: ModelOptions): Verdict {
  const octets = sent.toString('latin1')
  const replies = new Replies(said.toString('latin1'))
  const taken: Taken[] = []
  const done = (tls = false): Verdict => {
    if (!tls) replies.none()
    return { taken, tls }
  }
  const greeting = replies.next('the greeting')
  if (greeting !== 220) {
    assert.ok(greeting === 421 || greeting === 554, `greeted with ${greeting}`)
    return done()
  }
  let at = 0
  let hello = false
  let authenticating = false
  let mail: Transaction | undefined

  /** Replies at the end of a message, RFC 2033 §4.2; whether the session goes on. */
  const finish = (content: string, open: Transaction, many: boolean): boolean => {
    const codes = Array.from({ length: many && options.service === 'lmtp' ? open.recipients : 1 }, () =>
      replies.next('the end of a message'),
    )
    for (const code of codes) assert.ok(code === 250 || code >= 400, `${code} at the end of a message`)
    if (codes.includes(250)) taken.push({ recipients: open.recipients, content })
    mail = undefined
    return !codes.includes(421)
  }

  for (;;) {
    const end = octets.indexOf('\r\n', at)
    if (end < 0) return done()
    const line = octets.slice(at, end)
    at = end + 2
    const what: string = `${authenticating ? 'AUTH: ' : ''}${JSON.stringify(line.slice(0, 80))}`
    // A chunk is read before the reply to it, whatever that will be: without its octets there is none.
    const chunk = authenticating || !isLine(line, options.commandLine) ? undefined : chunkOf(line)
    if (chunk !== undefined && chunk.size <= ENDLESS && at + chunk.size > octets.length) return done()
    const code = replies.next(what)
    if (code === 421) return done()
    if (!isLine(line, authenticating ? options.authLine : options.commandLine)) {
      assert.equal(code, 500, `${code} to a line that is none: ${what}`)
      authenticating = false
      continue
    }
    if (authenticating) {
      assert.ok(code === 235 || code === 334 || code >= 400, `${code} to ${what}`)
      authenticating = code === 334
      continue
    }
    const verb = verbOf(line, options.service)
    if (verb === undefined) {
      assert.equal(code, 500, `${code} to what is no command: ${what}`)
      continue
    }
    assert.notEqual(code, 500, `500 to a command: ${what}`)
    assert.ok(code >= 400 || YES[verb]?.includes(code), `${code} to ${what}`)
    if (verb === 'BDAT') {
      if (chunk === undefined) {
        assert.equal(code, 501, `${code} to ${what}`)
        return done()
      }
      const { size, last } = chunk
      if (size > ENDLESS) return done()
      const content = octets.slice(at, at + size)
      at += size
      const wanted = mail !== undefined && mail.recipients > 0
      assert.ok(code >= 400 || wanted, `${code} to a chunk of no message: ${what}`)
      if (!wanted || mail === undefined) continue
      const whole = (mail.chunks ?? '') + content
      if (!last) {
        if (code === 250) mail.chunks = whole
        else mail = undefined
        continue
      }
      replies.again()
      if (!finish(whole, mail, true)) return done()
      continue
    }
    if (code >= 400) continue
    assert.ok(
      mail?.chunks === undefined || !['MAIL', 'RCPT', 'DATA', 'AUTH', 'STARTTLS'].includes(verb),
      `${code} to ${what} between chunks`,
    )
    switch (verb) {
      case 'HELO':
      case 'EHLO':
      case 'LHLO':
        hello = true
        mail = undefined
        break
      case 'MAIL':
        assert.ok(hello && mail === undefined, `${code} to ${what}`)
        mail = { recipients: 0, chunks: undefined }
        break
      case 'RCPT':
        assert.ok(mail !== undefined, `${code} to ${what} without MAIL`)
        mail.recipients++
        break
      case 'DATA': {
        assert.ok(mail !== undefined && mail.recipients > 0, `354 without a recipient`)
        // The CRLF of the command may be that of the final dot: `.` alone is an empty message.
        const last = octets.indexOf('\r\n.\r\n', at - 2)
        if (last < 0) return done()
        const content = octets.slice(at, last + 2).replace(/(^|\r\n)\./g, '$1')
        at = last + 5
        if (!finish(content, mail, true)) return done()
        break
      }
      case 'RSET':
        mail = undefined
        break
      case 'QUIT':
        return done()
      case 'AUTH':
        assert.ok(hello && mail === undefined, `${code} to ${what}`)
        authenticating = code === 334
        break
      case 'STARTTLS':
        assert.ok(hello && mail === undefined, `${code} to ${what}`)
        return done(true)
      default:
        break
    }
  }
}

const isLine = (line: string, maxBytes: number): boolean => line.length <= maxBytes && !/[\r\n\0]/.test(line)

/** RFC 3030 §2, when it can be read. */
function chunkOf(line: string): { readonly size: number; readonly last: boolean } | undefined {
  const found = isText(line) ? /^BDAT[ \t]+([0-9]{1,15})(?: +(LAST))?[ \t]*$/i.exec(line) : null
  return found === null ? undefined : { size: Number(found[1]), last: found[2] !== undefined }
}

/** UTF-8 without control characters, as RFC 6531 §3.3 has it. */
const isText = (line: string): boolean => isUtf8(Buffer.from(line, 'latin1')) && !/[\x00-\x08\x0a-\x1f\x7f]/.test(line)

/** The verb, when the line is a command of this service. */
function verbOf(line: string, service: Service): string | undefined {
  if (!isText(line)) return undefined
  const verb = /^([A-Za-z]+)(?=[ \t]|$)/.exec(line)?.[1]?.toUpperCase() ?? ''
  return VERBS.includes(verb) || HELLO[service].some((hello) => hello === verb) ? verb : undefined
}

/** Replies one by one, each judged by its form. RFC 5321 §4.2 */
class Replies {
  readonly #text: string
  #at = 0
  #before = 0

  constructor(text: string) {
    this.#text = text
  }

  next(what: string): number {
    this.#before = this.#at
    const pattern = /((?:(\d{3})-[^\r\n\0]*\r\n)*)(\d{3})(?: [^\r\n\0]*)?\r\n/y
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    assert.ok(
      found?.[3] !== undefined,
      `no reply to ${what}, but ${JSON.stringify(this.#text.slice(this.#at, this.#at + 80))}`,
    )
    const [whole, head = '', , last] = found
    for (const line of head.split('\r\n').slice(0, -1))
      assert.equal(line.slice(0, 3), last, 'a code changes within a reply')
    for (const line of whole.split('\r\n')) assert.ok(line.length <= 510, 'a reply line of more than 512 octets')
    const code = Number(last)
    assert.ok(code >= 200 && code < 600, `${code} is no reply code`)
    this.#at += whole.length
    return code
  }

  /** The last reply is read once more. */
  again(): void {
    this.#at = this.#before
  }

  none(): void {
    assert.equal(this.#text.slice(this.#at), '', 'a reply that nothing called for')
  }
}
