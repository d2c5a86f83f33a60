// SPDX-License-Identifier: Apache-2.0
/**
 * Mail addresses as the envelope knows them: RFC 5321 §4.1.2 with the extensions of RFC 6531 §3.3.
 * The parser is in path.ts; this file holds what everyone passes round.
 */

declare const brand: unique symbol
export type Brand<T, B extends string> = T & { readonly [brand]: B }

/** A `Mailbox` that the parser accepted: local part as typed, domain in lower case, A-labels and U-labels as typed. */
export type MailAddress = Brand<string, 'MailAddress'>

/** A domain name in lower case without a trailing dot, or an address literal `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
export type Domain = Brand<string, 'Domain'>

/** `null` is the null sender `<>`, RFC 5321 §4.5.5. */
export type ReversePath = MailAddress | null

/** Everything after the last at-sign outside quotes. */
export const domainOf = (address: MailAddress): Domain => address.slice(address.lastIndexOf('@') + 1) as Domain

/** Everything before the last at-sign, quotes included if they were typed. */
export const localPartOf = (address: MailAddress): string => address.slice(0, address.lastIndexOf('@'))

/** What a local part says, without the quotes that let it say so (RFC 5321 §4.1.2). Never a part of an address to send to. */
export const unquotedLocal = (local: string): string =>
  local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local
