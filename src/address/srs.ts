// SPDX-License-Identifier: Apache-2.0
/**
 * Sender rewriting (SRS, as M. Weng Wong and S. Jaenicke's paper of 2004 has it): the envelope sender of forwarded mail
 * becomes an address of the forwarder that holds the one it had, so that the next hop's SPF check fits and a bounce
 * finds its way back. A second forwarder keeps the first one's address and adds its own name only.
 *
 *   SRS0=HASH=DAY=domain=local@us             of  local@domain
 *   SRS1=HASH=first==HASH=DAY=domain=local@us of  SRS0=HASH=DAY=domain=local@first, or of any SRS1 of it
 *
 * HASH is ours alone to check: 30 bits of an HMAC-SHA-256, in base 32 so that a change of case does no harm. DAY is the
 * day modulo 1024, which is every 2.8 years. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Domain, domainOf, localPartOf, type MailAddress, unquotedLocal } from './address.ts'
import { addressKey, parseAddress } from './path.ts'

export interface Srs {
  /** Of rewritten addresses. Bounces to it come to us. */
  readonly domain: Domain
  /** The first one signs; all of them are believed, so that one can be replaced. */
  readonly secrets: readonly string[]
  /** Days after which a rewritten address is no longer taken. */
  readonly days: number
}

export type Reversed =
  /** No rewritten address of this domain. */
  | { readonly kind: 'none' }
  | { readonly kind: 'reversed'; readonly address: MailAddress }
  /** It looks like one and is not, or is no longer. */
  | { readonly kind: 'refused'; readonly why: string }

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const DAY_MS = 86_400_000
const DAYS = 1024
/** Clocks of two machines of ours may differ by less than this. */
const AHEAD = 1
const HASH_DIGITS = 6
const DAY_DIGITS = 2
/** Separators behind the tag that the paper allows. */
const TAG = /^(SRS[01])([=+-])/i
const OUR_TAG = /^(SRS[01])=/i

/** `undefined`: the local part would be longer than the 64 octets that every system takes (RFC 5321 §4.5.3.1.1). */
export function forwardSender(sender: MailAddress, srs: Srs, nowMs: number): MailAddress | undefined {
  const domain = domainOf(sender)
  const local = unquotedLocal(localPartOf(sender))
  const opaque = opaqueOf(local, domain)
  if (opaque !== undefined && firstOf(opaque) !== undefined)
    return address(`SRS1=${hashOf(srs.secrets[0], opaque)}=${opaque}`, srs.domain)
  const day = dayOf(nowMs)
  const rest = `${domain}=${local}`
  return address(`SRS0=${hashOf(srs.secrets[0], day, rest)}=${day}=${rest}`, srs.domain)
}

/** What is kept of another forwarder's address; `undefined`: it is none. */
function opaqueOf(local: string, domain: Domain): string | undefined {
  const [tag, name, separator] = TAG.exec(local) ?? []
  if (tag === undefined || name === undefined || separator === undefined) return undefined
  // Of SRS0 the separator goes along: what is behind it is the first forwarder's own matter.
  const inner = local.slice(tag.length)
  return /^SRS0/i.test(name) ? `${domain}=${separator}${inner}` : inner.slice(inner.indexOf('=') + 1)
}

/** The first forwarder's address. */
function firstOf(opaque: string): MailAddress | undefined {
  const end = opaque.indexOf('=')
  return address(`SRS0${opaque.slice(end + 1)}`, opaque.slice(0, Math.max(end, 0)))
}

/** The address that a bounce to this one goes to. */
export function reverseSender(to: MailAddress, { domain, secrets, days }: Srs, nowMs: number): Reversed {
  if (addressKey(domainOf(to)) !== addressKey(domain)) return { kind: 'none' }
  const local = unquotedLocal(localPartOf(to))
  const [tag, name] = OUR_TAG.exec(local) ?? []
  if (tag === undefined || name === undefined) return { kind: 'none' }
  const hash = local.slice(tag.length, tag.length + HASH_DIGITS)
  if (local[tag.length + HASH_DIGITS] !== '=') return { kind: 'refused', why: 'its hash is not ours' }
  const rest = local.slice(tag.length + HASH_DIGITS + 1)
  if (/^SRS1/i.test(name)) {
    if (!isSigned(secrets, hash, rest)) return { kind: 'refused', why: 'its hash is not ours' }
    return reversed(firstOf(rest), domain)
  }
  const day = rest.slice(0, DAY_DIGITS).toUpperCase()
  const signed = rest.slice(DAY_DIGITS + 1)
  const at = signed.indexOf('=')
  if (rest[DAY_DIGITS] !== '=' || at < 1 || !isSigned(secrets, hash, day, signed))
    return { kind: 'refused', why: 'its hash is not ours' }
  const age = (numberOf(dayOf(nowMs)) - numberOf(day) + AHEAD + DAYS) % DAYS
  if (age > days + AHEAD) return { kind: 'refused', why: `it was made more than ${days} days ago` }
  return reversed(address(signed.slice(at + 1), signed.slice(0, at)), domain)
}

/** One of ours within one of ours would come round for ever. */
const reversed = (found: MailAddress | undefined, own: Domain): Reversed =>
  found === undefined || addressKey(domainOf(found)) === addressKey(own)
    ? { kind: 'refused', why: 'there is no address in it' }
    : { kind: 'reversed', address: found }

/** Case is lost on the way now and then. */
function hashOf(secret = '', ...parts: readonly string[]): string {
  const mac = createHmac('sha256', secret).update(parts.map((part) => part.toLowerCase()).join('\0'))
  const bits = mac.digest().readUInt32BE(0) >>> 2
  return digits(bits, HASH_DIGITS)
}

function isSigned(secrets: readonly string[], hash: string, ...parts: readonly string[]): boolean {
  const given = Buffer.from(hash.toUpperCase())
  return secrets.some((secret) => {
    const wanted = Buffer.from(hashOf(secret, ...parts))
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  })
}

const dayOf = (nowMs: number): string => digits(Math.floor(nowMs / DAY_MS) % DAYS, DAY_DIGITS)

function digits(value: number, count: number): string {
  let text = ''
  for (let rest = value; text.length < count; rest = Math.floor(rest / 32)) text = ALPHABET[rest % 32] + text
  return text
}

const numberOf = (text: string): number => [...text].reduce((sum, digit) => sum * 32 + ALPHABET.indexOf(digit), 0)

function address(local: string, domain: string): MailAddress | undefined {
  return parseAddress(`${local}@${domain}`) ?? parseAddress(`"${local.replace(/["\\]/g, '\\$&')}"@${domain}`)
}
