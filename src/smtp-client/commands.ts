// SPDX-License-Identifier: Apache-2.0
/**
 * MAIL and RCPT with what the other side offers, and what no command could change: SIZE (RFC 1870), 8BITMIME
 * (RFC 6152), SMTPUTF8 (RFC 6531), DSN (RFC 3461).
 *
 * Content is not re-encoded here (design 2.6): 8-bit content goes to servers without 8BITMIME as it is (docs/quirks).
 */
import type { MailAddress } from '../address/address.ts'
import { asciiAddress, isAscii } from '../address/path.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Extensions } from '../smtp/extensions.ts'
import { wireSafe } from '../smtp/wire-safe.ts'
import { encodeUtf8Xtext, encodeXtext } from '../smtp/xtext.ts'

/** An outcome for all recipients before anything is sent; `undefined` when the message may go. */
export async function cannotCarry(delivery: Delivery, extensions: Extensions): Promise<Outcome | undefined> {
  const { envelope, size, recipients } = delivery
  if (extensions.size !== undefined && extensions.size > 0 && size > extensions.size)
    return {
      kind: 'failed',
      status: '5.3.4',
      reason: `message of ${size} octets; the next hop takes ${extensions.size}`,
    } // RFC 1870 §6.3
  const commands = [
    mailCommand(delivery, extensions),
    ...recipients.map((recipient) => rcptCommand(recipient, envelope, extensions)),
  ]
  if (!commands.every(wireSafe)) return { kind: 'failed', status: '5.1.3', reason: 'an envelope with a line end in it' }
  const paths = [senderOf(delivery), ...recipients.map((r) => r.address)].filter((path) => path !== null)
  if (extensions.smtputf8) return undefined
  // RFC 6531 §3.2: without SMTPUTF8 there, only what is ASCII, or can be made so by IDNA, may go.
  const spellable = paths.every((path) => isAscii(path) || asciiAddress(path) !== undefined)
  if (spellable && (!envelope.smtputf8 || (await hasAsciiHeader(delivery.content())))) return undefined
  return { kind: 'failed', status: '5.6.7', reason: 'the next hop does not know SMTPUTF8, which this message needs' }
}

/** Reads up to the empty line at the end of the header. */
async function hasAsciiHeader(content: AsyncIterable<Uint8Array>): Promise<boolean> {
  let column = 0
  for await (const piece of content)
    for (const octet of piece) {
      if (octet > 0x7f) return false
      if (octet === 0x0a) {
        if (column === 0) return true
        column = 0
      } else if (octet !== 0x0d) column++
    }
  return true
}

/** Deliveries hold recipients of one sender only: those of a list go out in the name of its owner. */
const senderOf = ({ envelope, recipients }: Delivery) => recipients[0]?.sender ?? envelope.reversePath

/** The address as this server can read it. */
const spelled = (address: MailAddress, { smtputf8 }: Extensions): string =>
  smtputf8 || isAscii(address) ? address : (asciiAddress(address) ?? address)

export function mailCommand(delivery: Delivery, extensions: Extensions): string {
  const { envelope, size, recipients } = delivery
  const sender = senderOf(delivery)
  const words = [`MAIL FROM:<${sender === null ? '' : spelled(sender, extensions)}>`]
  if (extensions.size !== undefined) words.push(`SIZE=${size}`)
  if (envelope.body === '8bit' && extensions.eightBitMime) words.push('BODY=8BITMIME')
  const utf8 = envelope.smtputf8 || [sender, ...recipients.map((r) => r.address)].some((a) => a !== null && !isAscii(a))
  if (utf8 && extensions.smtputf8) words.push('SMTPUTF8')
  if (extensions.dsn) {
    if (envelope.ret !== undefined) words.push(`RET=${envelope.ret.toUpperCase()}`)
    if (envelope.envid !== undefined) words.push(`ENVID=${encodeXtext(envelope.envid)}`)
  }
  return words.join(' ')
}

export function rcptCommand(recipient: Recipient, envelope: Envelope, extensions: Extensions): string {
  const words = [`RCPT TO:<${spelled(recipient.address, extensions)}>`]
  if (!extensions.dsn) return words.join(' ')
  const { notify, orcpt } = recipient
  if (notify !== undefined) words.push(`NOTIFY=${notify === 'never' ? 'NEVER' : notify.join(',').toUpperCase()}`)
  // RFC 3461 §5.2.1: where none was given, the address as it came to us.
  const original =
    orcpt ??
    (notify === undefined
      ? undefined
      : { type: isAscii(recipient.given) ? 'rfc822' : 'utf-8', address: recipient.given })
  if (original === undefined || !/^[A-Za-z0-9-]+$/.test(original.type)) return words.join(' ')
  const utf8 = original.type === 'utf-8'
  if (utf8 && !envelope.smtputf8 && !isAscii(encodeUtf8Xtext(original.address))) return words.join(' ')
  words.push(`ORCPT=${original.type};${utf8 ? encodeUtf8Xtext(original.address) : encodeXtext(original.address)}`)
  return words.join(' ')
}
