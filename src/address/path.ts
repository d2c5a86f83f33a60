// SPDX-License-Identifier: Apache-2.0
/**
 * The path grammar of the envelope: RFC 5321 §4.1.2, with UTF-8 by RFC 6531 §3.3. Strict: what does not follow the
 * grammar is a problem, never a guess. Source routes are read and dropped, as RFC 5321 §4.1.1.3 allows.
 *
 *   Path       = "<" [ A-d-l ":" ] Mailbox ">"
 *   Mailbox    = Local-part "@" ( Domain / address-literal )
 *   Local-part = Dot-string / Quoted-string
 */
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Domain, MailAddress, ReversePath } from './address.ts'

/** RFC 5321 §4.5.3.1.1 to §4.5.3.1.3, octets. The path's 256 count its brackets. */
const MAX_LOCAL_PART = 64
const MAX_DOMAIN = 255
const MAX_PATH = 256
/** RFC 1035 §2.3.4 */
const MAX_LABEL = 63

export interface PathProblem {
  readonly problem: 'syntax' | 'too-long' | 'utf8'
  /** For people: what is wrong. */
  readonly text: string
}

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
  const found = mailbox(text, 0)
  return 'problem' in found || found.end !== text.length ? undefined : found.address
}

/** A domain name or address literal alone; lower case, no dot at its end. */
export function parseDomain(text: string): Domain | undefined {
  const found = domain(text.endsWith('.') ? text.slice(0, -1) : text, 0)
  return 'problem' in found || found.end !== text.replace(/\.$/, '').length ? undefined : brandDomain(found.domain)
}

export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)

/** The domain in A-labels for DNS (RFC 5891); literals as they are; `undefined` when IDNA refuses it. */
export function asciiDomain(name: string): string | undefined {
  if (isAscii(name)) return name.toLowerCase()
  const ascii = domainToASCII(name)
  return ascii === '' ? undefined : ascii
}

/** The address in ASCII, or `undefined` when the local part needs SMTPUTF8. */
export function asciiAddress(address: MailAddress): MailAddress | undefined {
  if (isAscii(address)) return address
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  const name = asciiDomain(address.slice(at + 1))
  return isAscii(local) && name !== undefined ? brand(`${local}@${name}`) : undefined
}

/** Local parts compare exactly (RFC 5321 §2.4), domains without case; both sides come from the parser. */
export const sameAddress = (a: MailAddress, b: MailAddress): boolean => a === b

/** For look-ups of local mailboxes, where case never tells two users apart: everything in lower case, NFC. */
export const addressKey = (address: string): string => address.normalize('NFC').toLowerCase()

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
  const found = mailbox(text, at)
  if ('problem' in found) return found
  if (text[found.end] !== '>') return syntax('expected > after the address')
  if (octets(text.slice(0, found.end + 1)) > MAX_PATH) return tooLong('path', MAX_PATH)
  if (!smtputf8 && !isAscii(found.address))
    return { problem: 'utf8', text: 'the address is not ASCII and SMTPUTF8 was not asked for' }
  const rest = text.slice(found.end + 1)
  return route === undefined ? { path: found.address, rest } : { path: found.address, rest, route }
}

/** `@a,@b:`; returns where the mailbox begins. */
function sourceRoute(text: string, start: number): number | PathProblem {
  let at = start
  for (;;) {
    if (text[at] !== '@') return syntax('bad source route')
    const hop = domain(text, at + 1)
    if ('problem' in hop) return hop
    at = hop.end
    if (text[at] === ':') return at + 1
    if (text[at] !== ',') return syntax('bad source route')
    at++
  }
}

type MailboxFound = { readonly address: MailAddress; readonly end: number }

function mailbox(text: string, start: number): MailboxFound | PathProblem {
  const end = text[start] === '"' ? quotedString(text, start) : dotString(text, start)
  if (typeof end !== 'number') return end
  const local = text.slice(start, end)
  if (text[end] !== '@') return syntax('expected @ and a domain')
  if (octets(local) > MAX_LOCAL_PART) return tooLong('local part', MAX_LOCAL_PART)
  const found = domain(text, end + 1)
  if ('problem' in found) return found
  return { address: brand(`${local.normalize('NFC')}@${found.domain}`), end: found.end }
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

type DomainFound = { readonly domain: string; readonly end: number }

function domain(text: string, start: number): DomainFound | PathProblem {
  if (text[start] === '[') return literal(text, start)
  let at = start
  while (at < text.length && isDomainCharacter(text.charCodeAt(at))) at++
  const name = text.slice(start, at).normalize('NFC').toLowerCase()
  if (name === '') return syntax('empty domain')
  if (octets(name) > MAX_DOMAIN) return tooLong('domain', MAX_DOMAIN)
  for (const label of name.split('.')) {
    // sub-domain = Let-dig [Ldh-str]; underscores do occur in names of real hosts and harm nobody.
    if (label === '' || label.startsWith('-') || label.endsWith('-')) return syntax('bad label in the domain')
    if (octets(label) > MAX_LABEL) return tooLong('label', MAX_LABEL)
  }
  return { domain: name, end: at }
}

const isDomainCharacter = (c: number): boolean =>
  (c >= 0x61 && c <= 0x7a) ||
  (c >= 0x41 && c <= 0x5a) ||
  (c >= 0x30 && c <= 0x39) ||
  c === 0x2d ||
  c === 0x2e ||
  c === 0x5f ||
  c > 0x9f

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]`; general address literals are not known to anyone. RFC 5321 §4.1.3 */
function literal(text: string, start: number): DomainFound | PathProblem {
  const end = text.indexOf(']', start)
  // The longest literal is `IPv6:` with an address of 45 characters.
  if (end < 0 || end - start > 64) return syntax('address literal without end')
  const inside = text.slice(start + 1, end)
  const v6 = /^IPv6:/i.test(inside)
  const address = v6 ? inside.slice(5) : inside
  if (isIP(address) !== (v6 ? 6 : 4)) return syntax('bad address literal')
  return { domain: v6 ? `[IPv6:${address.toLowerCase()}]` : `[${address}]`, end: end + 1 }
}

const octets = (text: string): number => Buffer.byteLength(text)
const syntax = (text: string): PathProblem => ({ problem: 'syntax', text })
const tooLong = (what: string, limit: number): PathProblem => ({
  problem: 'too-long',
  text: `${what} longer than ${limit} octets`,
})
const brand = (text: string): MailAddress => text as MailAddress
const brandDomain = (text: string): Domain => text as Domain
