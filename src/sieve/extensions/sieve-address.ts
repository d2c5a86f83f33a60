// SPDX-License-Identifier: Apache-2.0
/** Addresses that scripts write, RFC 5228 §2.4.2.3: `sieve-address = addr-spec / phrase "<" addr-spec ">"`. */
import { parseAddress, sameAddress } from '../../address/path.ts'
import { parseAddressList } from '../../mime/address-list.ts'

/** Longest text looked at. */
const MAX = 1000

/** The one address a text has, as the envelope writes it; `undefined` where it has none or several. */
export function sieveAddress(text: string): string | undefined {
  if (text.length > MAX || /[\r\n\0]/.test(text)) return undefined
  const plain = parseAddress(text.trim())
  if (plain !== undefined) return plain
  const [mailbox, ...more] = parseAddressList(text)
  if (mailbox === undefined || more.length > 0 || text.includes(',') || text.includes(';')) return undefined
  const { local, domain } = mailbox
  return parseAddress(`${local}@${domain}`) ?? parseAddress(`"${local.replace(/["\\]/g, '\\$&')}"@${domain}`)
}

/** Whether two texts name one mailbox, as far as anyone but its host can say. */
export function sameMailbox(a: string, b: string): boolean {
  const [first, second] = [parseAddress(a), parseAddress(b)]
  return first === undefined || second === undefined ? a === b : sameAddress(first, second)
}

/** Whether an address is this one of the owner: local parts of our own users are case-blind (docs/quirks.md). */
export const isOwn = (own: string, address: string): boolean => sameMailbox(own.toLowerCase(), address.toLowerCase())
