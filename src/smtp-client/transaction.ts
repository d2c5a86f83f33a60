// SPDX-License-Identifier: Apache-2.0
/**
 * One message over a session: RFC 5321 §4.1.1, PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8
 * (RFC 6531), DSN (RFC 3461), CHUNKING (RFC 3030), and LMTP's reply for each recipient (RFC 2033). One outcome a
 * recipient. Only a positive reply that came after the whole message was sent is a delivery.
 */
import { asciiAddress, isAscii } from '../address/path.ts'
import type { Delivery } from '../channels/destination.ts'
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import type { Outcome, RemoteAnswer } from '../envelope/outcome.ts'
import { BareNewline, dotStuff } from '../smtp/dot-stuff.ts'
import type { Extensions } from '../smtp/extensions.ts'
import type { ParsedReply } from '../smtp/reply-parser.ts'
import { wireSafe } from '../smtp/wire-safe.ts'
import { encodeUtf8Xtext, encodeXtext } from '../smtp/xtext.ts'
import { ConnectionFailure, TIMEOUTS } from './connection.ts'
import { type ClientSession, formatParsed } from './session.ts'

/** Octets of one BDAT chunk. */
const CHUNK_BYTES = 256 * 1024

export async function sendMessage(
  session: ClientSession,
  delivery: Delivery,
  options: { readonly mta: string; readonly signal: AbortSignal },
): Promise<readonly Outcome[]> {
  const { extensions } = session
  const problem = cannotCarry(delivery, extensions)
  if (problem !== undefined) return delivery.recipients.map(() => problem)
  session.messages++
  try {
    return await transact(session, delivery, options)
  } catch (error) {
    if (!(error instanceof ConnectionFailure) && !(error instanceof BareNewline)) throw error
    session.connection.destroy()
    if (error instanceof BareNewline)
      return delivery.recipients.map(() => ({
        kind: 'failed',
        status: '5.6.0',
        reason: `${error.message}; the next hop offers no CHUNKING`,
      }))
    return delivery.recipients.map(() => deferred(error, options.mta, session))
  }
}

const deferred = (error: ConnectionFailure, mta: string, session: ClientSession): Outcome => ({
  kind: 'deferred',
  status: error.kind === 'timeout' ? '4.4.1' : '4.4.2',
  reason: error.message,
  remote: { mta, address: session.connection.peer },
})

/** What no command could change: an outcome for all recipients before anything is sent. */
function cannotCarry({ envelope, size, recipients }: Delivery, extensions: Extensions): Outcome | undefined {
  if (extensions.size !== undefined && extensions.size > 0 && size > extensions.size)
    return {
      kind: 'failed',
      status: '5.3.4',
      reason: `message of ${size} octets; the next hop takes ${extensions.size}`,
    } // RFC 1870 §6.3
  const paths = [envelope.reversePath, ...recipients.flatMap((r) => [r.address, r.sender ?? null])]
  if (paths.some((path) => path !== null && !wireSafe(path)))
    return { kind: 'failed', status: '5.1.3', reason: 'address with a line end in it' }
  if (!envelope.smtputf8 || extensions.smtputf8) return undefined
  // RFC 6531 §3.2: without SMTPUTF8 there, only what is ASCII, or can be made so by IDNA, may go.
  const ascii = paths.every((path) => path === null || asciiAddress(path) !== undefined)
  if (ascii && paths.every((path) => path === null || isAscii(path))) return undefined
  return { kind: 'failed', status: '5.6.7', reason: 'the next hop does not know SMTPUTF8, which this message needs' }
}

async function transact(
  session: ClientSession,
  delivery: Delivery,
  options: { readonly mta: string; readonly signal: AbortSignal },
): Promise<readonly Outcome[]> {
  const { connection, extensions, lmtp } = session
  const { signal } = options
  const { envelope, recipients } = delivery
  const remote = (reply: ParsedReply): RemoteAnswer => ({
    mta: options.mta,
    address: connection.peer,
    reply: formatParsed(reply),
  })
  const read = (timeoutMs: number): Promise<ParsedReply> => connection.reply({ timeoutMs, signal })
  const write = (bytes: string | Uint8Array): Promise<void> =>
    connection.write(bytes, { timeoutMs: TIMEOUTS.dataBlock, signal })
  const byChunks = extensions.chunking
  if (connection.outOfStep) throw new ConnectionFailure('protocol', `${connection.peer} replied before it was asked`)

  const commands = [mailCommand(delivery, extensions), ...recipients.map((r) => rcptCommand(r, envelope, extensions))]
  const data = byChunks ? [] : ['DATA']
  // RFC 2920 §3.1: MAIL, RCPT and, last in its group, DATA may go together.
  if (extensions.pipelining) await write([...commands, ...data].map((line) => `${line}\r\n`).join(''))
  const next = async (line: string, timeoutMs: number): Promise<ParsedReply> => {
    if (!extensions.pipelining) await write(`${line}\r\n`)
    return await read(timeoutMs)
  }
  const mail = await next(commands[0] ?? '', TIMEOUTS.mail)
  const refusals: (Outcome | undefined)[] = []
  for (const [i] of recipients.entries()) {
    if (mail.code >= 300 && !extensions.pipelining) {
      refusals.push(outcomeOf(mail, remote(mail)))
      continue
    }
    const reply = await next(commands[i + 1] ?? '', TIMEOUTS.rcpt)
    const because = mail.code >= 300 ? mail : reply
    refusals.push(because.code < 300 ? undefined : outcomeOf(because, remote(because)))
    if (reply.code === 421)
      throw new ConnectionFailure('closed', `${connection.peer} is closing: ${formatParsed(reply)}`)
  }
  const anybody = refusals.includes(undefined)
  const settled = (others: (recipient: Recipient) => Outcome): readonly Outcome[] =>
    recipients.map((r, i) => refusals[i] ?? others(r))

  if (!byChunks) {
    if (!anybody && !extensions.pipelining) {
      await reset(session, signal)
      return settled(() => NOT_REACHED)
    }
    const go = await next('DATA', TIMEOUTS.dataInit)
    if (go.code !== 354) {
      if (mail.code < 300) await reset(session, signal)
      return settled(() => outcomeOf(go, remote(go)))
    }
    if (!anybody) {
      // RFC 2920 §3.1: a server that says 354 to nobody still wants its dot; what it says to it is no delivery.
      await write('.\r\n')
      await read(TIMEOUTS.dataEnd)
      return settled(() => NOT_REACHED)
    }
    for await (const piece of dotStuff(delivery.content())) {
      // What was said before the end, the last piece and its dot among it, speaks of no message that was sent.
      if (connection.outOfStep)
        throw new ConnectionFailure('protocol', `${connection.peer} replied before the message was sent`)
      await write(piece)
    }
  } else {
    if (!anybody) {
      await reset(session, signal)
      return settled(() => NOT_REACHED)
    }
    const refused = await sendChunks(delivery, write, read)
    if (refused !== undefined) {
      await reset(session, signal)
      return settled(() => outcomeOf(refused, remote(refused)))
    }
  }
  const dsn = extensions.dsn
  const tls = connection.secure === undefined ? {} : { tls: `${connection.secure.version} ${connection.secure.cipher}` }
  const done = (reply: ParsedReply): Outcome => {
    if (reply.code >= 300) return outcomeOf(reply, remote(reply))
    if (lmtp) return { kind: 'delivered', where: `LMTP ${options.mta}`, remote: remote(reply) }
    return { kind: 'relayed', remote: remote(reply), dsn, ...tls }
  }
  if (!lmtp) {
    const reply = await read(TIMEOUTS.dataEnd)
    if (reply.code === 421) connection.destroy()
    return settled(() => done(reply))
  }
  // RFC 2033 §4.2: a reply for each recipient that was taken, in their order.
  const outcomes: Outcome[] = []
  for (const refusal of refusals) outcomes.push(refusal ?? done(await read(TIMEOUTS.dataEnd)))
  return outcomes
}

/** Never seen: every recipient was refused. */
const NOT_REACHED: Outcome = { kind: 'deferred', status: '4.5.0', reason: 'no recipient was taken' }

async function sendChunks(
  delivery: Delivery,
  write: (bytes: Uint8Array) => Promise<void>,
  read: (timeoutMs: number) => Promise<ParsedReply>,
): Promise<ParsedReply | undefined> {
  const gathered: Uint8Array[] = []
  let length = 0
  const flush = async (last: boolean): Promise<void> => {
    await write(Buffer.concat([Buffer.from(`BDAT ${length}${last ? ' LAST' : ''}\r\n`), ...gathered]))
    gathered.length = 0
    length = 0
  }
  for await (const piece of delivery.content()) {
    if (length > 0 && length + piece.length > CHUNK_BYTES) {
      await flush(false)
      const reply = await read(TIMEOUTS.dataEnd)
      if (reply.code !== 250) return reply
    }
    gathered.push(Buffer.from(piece))
    length += piece.length
  }
  await flush(true)
  return undefined
}

async function reset({ connection }: ClientSession, signal: AbortSignal): Promise<void> {
  await connection.write('RSET\r\n', { timeoutMs: TIMEOUTS.command, signal })
  const reply = await connection.reply({ timeoutMs: TIMEOUTS.command, signal })
  if (reply.code !== 250) connection.destroy()
}

/** 4yz is later, 5yz never; anything else is not understood, and so later. */
export function outcomeOf(reply: ParsedReply, remote: RemoteAnswer): Outcome {
  const reason = formatParsed(reply)
  if (reply.code >= 500) return { kind: 'failed', status: `5.${reply.enhanced ?? '0.0'}`, reason, remote }
  const status = reply.code >= 400 ? `4.${reply.enhanced ?? '0.0'}` : '4.5.0'
  return { kind: 'deferred', status, reason, remote, ...(reply.code === 421 ? { destinationDown: true } : {}) }
}

function mailCommand({ envelope, size, recipients }: Delivery, extensions: Extensions): string {
  const sender = recipients[0]?.sender ?? envelope.reversePath
  const words = [`MAIL FROM:<${sender ?? ''}>`]
  if (extensions.size !== undefined) words.push(`SIZE=${size}`)
  if (envelope.body === '8bit' && extensions.eightBitMime) words.push('BODY=8BITMIME')
  if (envelope.smtputf8 && extensions.smtputf8) words.push('SMTPUTF8')
  if (extensions.dsn) {
    if (envelope.ret !== undefined) words.push(`RET=${envelope.ret.toUpperCase()}`)
    if (envelope.envid !== undefined) words.push(`ENVID=${encodeXtext(envelope.envid)}`)
  }
  return words.join(' ')
}

function rcptCommand(recipient: Recipient, envelope: Envelope, extensions: Extensions): string {
  const words = [`RCPT TO:<${recipient.address}>`]
  if (!extensions.dsn) return words.join(' ')
  const { notify, orcpt } = recipient
  if (notify !== undefined) words.push(`NOTIFY=${notify === 'never' ? 'NEVER' : notify.join(',').toUpperCase()}`)
  // RFC 3461 §5.2.1: where none was given, the address as it came to us.
  const original =
    orcpt ??
    (notify === undefined
      ? undefined
      : { type: isAscii(recipient.given) ? 'rfc822' : 'utf-8', address: recipient.given })
  if (original === undefined) return words.join(' ')
  const utf8 = original.type === 'utf-8'
  if (utf8 && !envelope.smtputf8 && !isAscii(encodeUtf8Xtext(original.address))) return words.join(' ')
  words.push(`ORCPT=${original.type};${utf8 ? encodeUtf8Xtext(original.address) : encodeXtext(original.address)}`)
  return words.join(' ')
}
