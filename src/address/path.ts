// SPDX-License-Identifier: Apache-2.0
/**
 * The path grammar of the envelope: RFC 5321 §4.1.2, with UTF-8 by RFC 6531 §3.3. Strict: what does not follow the
 * grammar is a problem, never a guess. Source routes are read and dropped, as RFC 5321 §4.1.1.3 allows.
 *
 *   Path       = "<" [ A-d-l ":" ] Mailbox ">"
 *   Mailbox    = Local-part "@" ( Domain / address-literal )
 *   Local-part = Dot-string / Quoted-string
 *
 * Local parts are kept as typed: what they mean is known to their host alone. Domains: domain.ts.
 */
import { type MailAddress, type ReversePath, unquotedLocal } from './address.ts'
import { asciiDomain, isAscii, scanDomain, scanName } from './domain.ts'
import { isLonger, type PathProblem, syntax, tooLong } from './problem.ts'

export { asciiDomain, isAscii, parseDomain } from './domain.ts'
export type { PathProblem } from './problem.ts'

/** RFC 5321 §4.5.3.1.1 and §4.5.3.1.3, octets. The path's 256 count its brackets. */
const MAX_LOCAL_PART = 64
const MAX_PATH = 256

export interface ParsedPath<P> {
  readonly path: P
  /** What follows `>`: the ESMTP parameters. */
  readonly rest: string
  /** The source route that was dropped, without its colon. */
  readonly route?: string
  /** `<postmaster>` without a domain, RFC 5321 §4.1.1.3; `path` has no at-sign then. */
  readonly bare?: true
}

interface PathOptions {
  /** Whether SMTPUTF8 was asked for. */
  readonly smtputf8: boolean
}

/** `<…>` of MAIL FROM; `<>` gives null. */
export function parseReversePath(text: string, options: PathOptions): ParsedPath<ReversePath> | PathProblem {
  if (text.startsWith('<>')) return { path: null, rest: text.slice(2) }
  return parsePath(text, options)
}

/** `<…>` of RCPT TO; `<postmaster>` may stand without a domain. */
export function parseForwardPath(text: string, options: PathOptions): ParsedPath<MailAddress> | PathProblem {
  const bare = /^<(postmaster)>/i.exec(text)
  if (bare?.[1] !== undefined) return { path: brand(bare[1]), rest: text.slice(bare[0].length), bare: true }
  if (text.startsWith('<>')) return syntax('a recipient cannot be empty')
  return parsePath(text, options)
}

/** A mailbox alone, as people write it in files and on the command line. UTF-8 is welcome. */
export function parseAddress(text: string): MailAddress | undefined {
  const found = scanMailbox(text, 0)
  if ('problem' in found || found.end !== text.length || isLonger(text, MAX_PATH - 2)) return undefined
  return found.address
}

/** The address in ASCII, or `undefined` when the local part needs SMTPUTF8. */
export function asciiAddress(address: MailAddress): MailAddress | undefined {
  if (isAscii(address)) return address
  const { local, domain } = halves(address)
  const name = domain === undefined ? undefined : asciiDomain(domain)
  return isAscii(local) && name !== undefined ? brand(`${local}@${name}`) : undefined
}

/**
 * Whether both name one mailbox as far as anyone but its host can say: domains without case, A-label or U-label; local
 * parts exactly (RFC 5321 §2.4), but however quoted (§4.1.2: `"kim"` is `kim`) and composed (Unicode NFC).
 */
export const sameAddress = (a: MailAddress, b: MailAddress): boolean => a === b || normalForm(a) === normalForm(b)

/**
 * The one key of a local mailbox, in any case, quoting, or form of its domain; users, aliases and duplicates are found
 * by it. Takes login names and local parts too. Never an address to send to.
 */
export const addressKey = (address: string): string => normalForm(address).toLowerCase().normalize('NFC')

function normalForm(address: string): string {
  const { local, domain } = halves(address)
  const least = leastQuoted(local.normalize('NFC'))
  return domain === undefined ? least : `${least}@${asciiDomain(domain) ?? domain}`
}

function halves(address: string): { readonly local: string; readonly domain?: string } {
  const at = address.lastIndexOf('@')
  return at < 0 ? { local: address } : { local: address.slice(0, at), domain: address.slice(at + 1) }
}

/** RFC 5321 §4.1.2: of the ways to quote a local part, the one with the least. */
function leastQuoted(local: string): string {
  if (!local.startsWith('"') || quotedString(local, 0) !== local.length) return local
  const plain = unquotedLocal(local)
  return dotString(plain, 0) === plain.length ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`
}

function parsePath(text: string, { smtputf8 }: PathOptions): ParsedPath<MailAddress> | PathProblem {
  if (!text.startsWith('<')) return syntax('expected an address in angle brackets')
  let at = 1
  let route: string | undefined
  if (text[at] === '@') {
    const end = sourceRoute(text, at)
    if (typeof end !== 'number') return end
    route = text.slice(at, end - 1)
    at = end
  }
  const found = scanMailbox(text, at)
  if ('problem' in found) return found
  if (text[found.end] !== '>') return syntax('expected > after the address')
  const whole = text.slice(0, found.end + 1)
  if (isLonger(whole, MAX_PATH)) return tooLong('path', MAX_PATH)
  if (!smtputf8 && !isAscii(whole))
    return { problem: 'utf8', text: 'the address is not ASCII and SMTPUTF8 was not asked for' }
  const rest = text.slice(found.end + 1)
  return route === undefined ? { path: found.address, rest } : { path: found.address, rest, route }
}

/** `@a,@b:`; returns where the mailbox begins. */
function sourceRoute(text: string, start: number): number | PathProblem {
  let at = start
  for (;;) {
    if (text[at] !== '@') return syntax('bad source route')
    const hop = scanName(text, at + 1)
    if ('problem' in hop) return hop
    at = hop.end
    if (text[at] === ':') return at + 1
    if (text[at] !== ',') return syntax('bad source route')
    at++
  }
}

interface MailboxFound {
  readonly address: MailAddress
  readonly end: number
}

function scanMailbox(text: string, start: number): MailboxFound | PathProblem {
  const end = text[start] === '"' ? quotedString(text, start) : dotString(text, start)
  if (typeof end !== 'number') return end
  const local = text.slice(start, end)
  if (text[end] !== '@') return syntax('expected @ and a domain')
  if (isLonger(local, MAX_LOCAL_PART)) return tooLong('local part', MAX_LOCAL_PART)
  // Half a character cannot come over the wire; from a file it would turn into U+FFFD when written.
  if (!local.isWellFormed()) return syntax('local part is not Unicode text')
  const found = scanDomain(text, end + 1)
  if ('problem' in found) return found
  // The domain is nearly always in lower case already: then the address is a piece of what was typed.
  const asTyped = end + 1 + found.domain.length === found.end && text.startsWith(found.domain, end + 1)
  return { address: brand(asTyped ? text.slice(start, found.end) : `${local}@${found.domain}`), end: found.end }
}

/** RFC 5322 §3.2.3 atext, with UTF8-non-ascii by RFC 6531 §3.3. */
const isAtext = (c: number): boolean =>
  (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39) || c > 0x9f || SPECIAL_ATEXT.has(c)
const SPECIAL_ATEXT = new Set([..."!#$%&'*+-/=?^_`{|}~"].map((c) => c.charCodeAt(0)))

function dotString(text: string, start: number): number | PathProblem {
  let at = start
  let atomStart = start
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (isAtext(c)) continue
    if (c !== 0x2e) break
    if (at === atomStart) return syntax('empty atom in the local part')
    atomStart = at + 1
  }
  return at === atomStart ? syntax('empty local part or atom') : at
}

/** DQUOTE *(qtextSMTP / quoted-pairSMTP) DQUOTE */
function quotedString(text: string, start: number): number | PathProblem {
  for (let at = start + 1; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === 0x22) return at + 1
    if (c === 0x5c) {
      const next = text.charCodeAt(++at)
      if (!(next >= 0x20 && next <= 0x7e)) return syntax('bad quoted pair')
    } else if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return syntax('control character in a quoted local part')
  }
  return syntax('quoted local part without end')
}

const brand = (text: string): MailAddress => text as MailAddress
