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

/** MAIL and each RCPT, without their line ends. */
export interface Commands {
  readonly mail: string
  readonly rcpts: readonly string[]
}

export const commandsOf = (delivery: Delivery, extensions: Extensions): Commands => ({
  mail: mailCommand(delivery, extensions),
  rcpts: delivery.recipients.map((recipient) => rcptCommand(recipient, delivery.envelope, extensions)),
})

/** An outcome for all recipients before anything is sent; `undefined` when nothing but the header may be in the way. */
export function cannotCarry(
  delivery: Delivery,
  extensions: Extensions,
  { mail, rcpts }: Commands,
): Outcome | undefined {
  const { size, recipients } = delivery
  if (extensions.size !== undefined && extensions.size > 0 && size > extensions.size)
    return {
      kind: 'failed',
      status: '5.3.4',
      reason: `message of ${size} octets; the next hop takes ${extensions.size}`,
    } // RFC 1870 §6.3
  if (!wireSafe(mail) || !rcpts.every(wireSafe))
    return { kind: 'failed', status: '5.1.3', reason: 'an envelope with a line end in it' }
  // RFC 6531 §3.2: without SMTPUTF8 there, only what is ASCII, or can be made so by IDNA, may go.
  if (extensions.smtputf8 || (spellable(senderOf(delivery)) && recipients.every(({ address }) => spellable(address))))
    return undefined
  return NEEDS_SMTPUTF8
}

/** Whether the header has to be asked, too: it may hold what only SMTPUTF8 carries. */
export const needsHeaderLook = ({ envelope }: Delivery, { smtputf8 }: Extensions): boolean =>
  envelope.smtputf8 && !smtputf8

/** What `cannotCarry` gives, of a header. Reads no further than its end. */
export const cannotCarryHeader = async (content: AsyncIterable<Uint8Array>): Promise<Outcome | undefined> =>
  (await hasAsciiHeader(content)) ? undefined : NEEDS_SMTPUTF8

const NEEDS_SMTPUTF8: Outcome = {
  kind: 'failed',
  status: '5.6.7',
  reason: 'the next hop does not know SMTPUTF8, which this message needs',
}

const spellable = (path: MailAddress | null): boolean =>
  path === null || isAscii(path) || asciiAddress(path) !== undefined

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
  let command = `MAIL FROM:<${sender === null ? '' : spelled(sender, extensions)}>`
  if (extensions.size !== undefined) command += ` SIZE=${size}`
  if (envelope.body === '8bit' && extensions.eightBitMime) command += ' BODY=8BITMIME'
  if (extensions.smtputf8 && (envelope.smtputf8 || !isPlain(sender) || !recipients.every((r) => isPlain(r.address))))
    command += ' SMTPUTF8'
  if (!extensions.dsn) return command
  if (envelope.ret !== undefined) command += ` RET=${envelope.ret.toUpperCase()}`
  return envelope.envid === undefined ? command : `${command} ENVID=${encodeXtext(envelope.envid)}`
}

const isPlain = (path: MailAddress | null): boolean => path === null || isAscii(path)

export function rcptCommand(recipient: Recipient, envelope: Envelope, extensions: Extensions): string {
  const command = `RCPT TO:<${spelled(recipient.address, extensions)}>`
  if (!extensions.dsn) return command
  const { notify, orcpt } = recipient
  const told =
    notify === undefined
      ? command
      : `${command} NOTIFY=${notify === 'never' ? 'NEVER' : notify.join(',').toUpperCase()}`
  // RFC 3461 §5.2.1: where none was given, the address as it came to us.
  const original =
    orcpt ??
    (notify === undefined
      ? undefined
      : { type: isAscii(recipient.given) ? 'rfc822' : 'utf-8', address: recipient.given })
  if (original === undefined || !/^[A-Za-z0-9-]+$/.test(original.type)) return told
  const utf8 = original.type === 'utf-8'
  if (utf8 && !envelope.smtputf8 && !isAscii(encodeUtf8Xtext(original.address))) return told
  return `${told} ORCPT=${original.type};${utf8 ? encodeUtf8Xtext(original.address) : encodeXtext(original.address)}`
}
