// SPDX-License-Identifier: Apache-2.0
/**
 * Domains of mailboxes: names and address literals of RFC 5321 §4.1.2 and §4.1.3, U-labels by RFC 6531 §3.3 and
 * RFC 5890 §2.3.2. Names come out in lower case; A-labels and U-labels stay what they are.
 */
import { isIP } from 'node:net'
import { domainToASCII, domainToUnicode } from 'node:url'
import type { Domain } from './address.ts'
import { isLonger, type PathProblem, syntax, tooLong } from './problem.ts'

/** RFC 5321 §4.5.3.1.2, octets. */
const MAX_DOMAIN = 255
/** RFC 1035 §2.3.4; of a U-label its A-label counts (RFC 5890 §4.2). */
const MAX_LABEL = 63
const HYPHEN = 0x2d

export interface DomainFound {
  readonly domain: string
  readonly end: number
}

/** The name or literal that begins at `start`. */
export function scanDomain(text: string, start: number): DomainFound | PathProblem {
  return text[start] === '[' ? scanLiteral(text, start) : scanName(text, start)
}

/** sub-domain *("." sub-domain) */
export function scanName(text: string, start: number): DomainFound | PathProblem {
  let end = start
  let anyBeyondAscii = false
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end)
    if (!isDomainCharacter(c)) break
    if (c > 0x7f) anyBeyondAscii = true
  }
  const typed = text.slice(start, end)
  if (typed === '') return syntax('empty domain')
  return anyBeyondAscii ? beyondAscii(typed, end) : inAscii(typed.toLowerCase(), end)
}

/** Nearly all of them: nothing to normalise. */
function inAscii(name: string, end: number): DomainFound | PathProblem {
  if (name.length > MAX_DOMAIN) return tooLong('domain', MAX_DOMAIN)
  for (let label = 0; label <= name.length; ) {
    const dot = name.indexOf('.', label)
    const labelEnd = dot < 0 ? name.length : dot
    const problem = asciiLabelProblem(name, label, labelEnd)
    if (problem !== undefined) return problem
    label = labelEnd + 1
  }
  return { domain: name, end }
}

function beyondAscii(typed: string, end: number): DomainFound | PathProblem {
  if (isLonger(typed, MAX_DOMAIN)) return tooLong('domain', MAX_DOMAIN)
  const name = lower(typed)
  // The Kelvin sign becomes a plain `k`: a name must not be ASCII only after it was folded.
  if (isAscii(name) && !isAscii(typed)) return syntax('bad label in the domain')
  for (const label of name.split('.')) {
    const problem = labelProblem(label)
    if (problem !== undefined) return problem
  }
  return { domain: name, end }
}

/** sub-domain = Let-dig [Ldh-str]. Underscores occur in names of real hosts, and harm nobody (docs/quirks). */
function asciiLabelProblem(name: string, start: number, end: number): PathProblem | undefined {
  if (start === end || name.charCodeAt(start) === HYPHEN || name.charCodeAt(end - 1) === HYPHEN)
    return syntax('bad label in the domain')
  return end - start > MAX_LABEL ? tooLong('label', MAX_LABEL) : undefined
}

function labelProblem(label: string): PathProblem | undefined {
  if (isAscii(label)) return asciiLabelProblem(label, 0, label.length)
  if (label.startsWith('-') || label.endsWith('-')) return syntax('bad label in the domain')
  // What IDNA would map to another text, U+FF41 to `a` for one, is no U-label: two texts would name one host.
  const ascii = domainToASCII(label)
  if (ascii === '' || label.slice(2, 4) === '--' || domainToUnicode(ascii) !== label)
    return syntax('bad label in the domain')
  return ascii.length > MAX_LABEL ? tooLong('label', MAX_LABEL) : undefined
}

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]`; no other kind of literal has ever been registered. RFC 5321 §4.1.3 */
function scanLiteral(text: string, start: number): DomainFound | PathProblem {
  const end = text.indexOf(']', start)
  // The longest literal is `IPv6:` with an address of 45 characters.
  if (end < 0 || end - start > 64) return syntax('address literal without end')
  const inside = text.slice(start + 1, end)
  const v6 = /^IPv6:/i.test(inside)
  const address = v6 ? inside.slice(5) : inside
  // A zone (`fe80::1%eth0`) means something to one machine only.
  if (isIP(address) !== (v6 ? 6 : 4) || address.includes('%')) return syntax('bad address literal')
  return { domain: v6 ? `[IPv6:${address.toLowerCase()}]` : `[${address}]`, end: end + 1 }
}

/** A domain name or address literal alone; lower case. A name may have a dot at its end, which goes. */
export function parseDomain(text: string): Domain | undefined {
  const bare = text.endsWith('.') && !text.startsWith('[') ? text.slice(0, -1) : text
  const found = scanDomain(bare, 0)
  return 'problem' in found || found.end !== bare.length ? undefined : (found.domain as Domain)
}

/** The domain in A-labels for DNS (RFC 5891); literals as they are; `undefined` when IDNA refuses it. */
export function asciiDomain(name: string): string | undefined {
  if (isAscii(name)) return name.toLowerCase()
  // domainToASCII reads hosts of URLs, and takes `/`, `?` and `%` for their parts.
  if (isLonger(name, MAX_DOMAIN) || [...name].some((c) => !isDomainCharacter(c.charCodeAt(0)))) return undefined
  const ascii = domainToASCII(lower(name))
  const fits = ascii.length <= MAX_DOMAIN && ascii.split('.').every((label) => label.length <= MAX_LABEL)
  return ascii === '' || !fits ? undefined : ascii
}

export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)

const lower = (text: string): string => text.toLowerCase().normalize('NFC')

const isDomainCharacter = (c: number): boolean =>
  (c >= 0x61 && c <= 0x7a) ||
  (c >= 0x41 && c <= 0x5a) ||
  (c >= 0x30 && c <= 0x39) ||
  c === HYPHEN ||
  c === 0x2e ||
  c === 0x5f ||
  c > 0x9f
