// SPDX-License-Identifier: Apache-2.0
/**
 * One message over a session: RFC 5321 §4.1.1, PIPELINING (RFC 2920), CHUNKING (RFC 3030), and LMTP's reply for each
 * recipient (RFC 2033). One outcome a recipient, settled the moment its reply is there, so that what breaks later takes
 * nothing back. Only a positive reply that came after the whole message was sent is a delivery. The commands and their
 * parameters are in commands.ts.
 *
 * A server that gives more replies than it got commands must not have them taken for answers to other questions. The one
 * reply nothing else has is 354: where DATA is answered so, we and the server have counted alike. Where it is answered
 * with a code that belongs elsewhere, or RSET is not taken, we have not, and everything it said about this message is
 * forgotten. That, and that a server cannot take content for commands, is why BDAT is kept for content that DATA cannot
 * carry.
 */
import type { Delivery } from '../envelope/delivery.ts'
import type { Outcome, RemoteAnswer } from '../envelope/outcome.ts'
import { WholeContent } from '../mime/whole-content.ts'
import { BareNewline } from '../smtp/dot-stuff.ts'
import type { ParsedReply } from '../smtp/reply-parser.ts'
import { cannotCarry, mailCommand, rcptCommand } from './commands.ts'
import { ConnectionFailure, TIMEOUTS } from './connection.ts'
import { type Attempt, sendChunks, sendStuffed } from './content.ts'
import { type ClientSession, formatParsed, SessionRefused } from './session.ts'

export interface SendOptions {
  /** The name of the next hop, for notifications. */
  readonly mta: string
  readonly signal: AbortSignal
  /** `bdat` for content that DATA cannot carry, where the session offers CHUNKING. */
  readonly by?: 'data' | 'bdat'
}

/** The message cannot be read from the queue: our trouble, not the next hop's. */
class ContentUnreadable extends Error {
  override readonly name = 'ContentUnreadable'
}

/**
 * Sends. Gives one outcome a recipient, in their order.
 * @throws ConnectionFailure or SessionRefused when the session came to nothing before anything was settled and before
 *   the message was sent whole: it may go over another connection, or to another host, at once
 * @throws BareNewline when BDAT, which the session offers, is the way; over another connection, for this one is lost
 */
export async function sendMessage(
  session: ClientSession,
  given: Delivery,
  options: SendOptions,
): Promise<readonly Outcome[]> {
  const delivery = { ...given, content: () => readable(given.content()) }
  const attempt: Attempt = { settled: given.recipients.map(() => undefined), sentWhole: false }
  try {
    const problem = await cannotCarry(delivery, session.extensions)
    if (problem !== undefined) return given.recipients.map(() => problem)
    session.messages++
    await transact(session, delivery, attempt, options)
    return attempt.settled.map((outcome) => outcome ?? NOT_REACHED)
  } catch (error) {
    session.connection.destroy()
    if (error instanceof BareNewline && session.extensions.chunking) throw error
    // Who breaks the protocol before the end of the message is not believed about it: nobody knows what was meant.
    if (error instanceof ConnectionFailure && error.kind === 'protocol' && !attempt.sentWhole)
      attempt.settled.fill(undefined)
    const untouched = !attempt.sentWhole && attempt.settled.every((outcome) => outcome === undefined)
    if (untouched && (error instanceof ConnectionFailure || error instanceof SessionRefused)) throw error
    const rest = outcomeOfBreak(error, attempt, session, options)
    return attempt.settled.map((outcome) => outcome ?? rest)
  }
}

/** For recipients that nothing was said about when it broke. */
function outcomeOfBreak(error: unknown, attempt: Attempt, session: ClientSession, { mta }: SendOptions): Outcome {
  const remote = { mta, address: session.connection.peer }
  if (error instanceof SessionRefused) return outcomeOf(error.reply, { ...remote, reply: formatParsed(error.reply) })
  if (error instanceof ContentUnreadable) return { kind: 'deferred', status: '4.3.0', reason: error.message }
  if (error instanceof BareNewline)
    return { kind: 'failed', status: '5.6.0', reason: `${error.message}; the next hop offers no CHUNKING` }
  if (!(error instanceof ConnectionFailure)) throw error
  // RFC 5321 §4.5.4.1: a message whose end was not acknowledged is sent again, even if it may have arrived.
  const reason = attempt.sentWhole ? `${error.message}; ${UNCERTAIN}` : error.message
  return { kind: 'deferred', status: error.status, reason, remote }
}

const UNCERTAIN = 'the whole message had been sent, and whether it arrived is uncertain'

/** Never seen: every recipient was settled before. */
const NOT_REACHED: Outcome = { kind: 'deferred', status: '4.5.0', reason: 'no reply was given for this recipient' }

async function transact(
  session: ClientSession,
  delivery: Delivery,
  attempt: Attempt,
  { mta, signal, by = 'data' }: SendOptions,
): Promise<void> {
  const { connection, extensions, lmtp } = session
  const { settled } = attempt
  const { pipelining } = extensions
  const chunking = by === 'bdat'
  const remote = (reply: ParsedReply): RemoteAnswer => ({ mta, address: connection.peer, reply: formatParsed(reply) })
  const settle = (outcome: (position: number) => Outcome): void => {
    for (const [i, known] of settled.entries()) settled[i] = known ?? outcome(i)
  }
  const write = (bytes: string | Uint8Array): Promise<void> =>
    connection.write(bytes, { timeoutMs: TIMEOUTS.dataBlock, signal })
  const next = async (during: string, timeoutMs: number): Promise<ParsedReply> => {
    const reply = await connection.reply({ timeoutMs, signal })
    // RFC 5321 §3.8: 421 may come at any time, and ends the session.
    if (reply.code === 421) throw new SessionRefused(during, reply)
    return reply
  }
  /** To MAIL and RCPT: yes or no. */
  const answer = async (during: string, timeoutMs: number): Promise<ParsedReply> => {
    const reply = await next(during, timeoutMs)
    if (reply.code < 400 && !isTaken(reply)) throw outOfStep(session, during, reply)
    return reply
  }
  connection.requireInStep()

  // RFC 2920 §3.1: MAIL, RCPT and, last in its group, DATA may go together.
  const mailLine = `${mailCommand(delivery, extensions)}\r\n`
  const rcptLines = delivery.recipients.map((r) => `${rcptCommand(r, delivery.envelope, extensions)}\r\n`)
  await write(pipelining ? [mailLine, ...rcptLines, chunking ? '' : 'DATA\r\n'].join('') : mailLine)
  const mail = await answer('MAIL', TIMEOUTS.mail)
  if (!isTaken(mail)) settle(() => outcomeOf(mail, remote(mail)))
  for (const [i, line] of rcptLines.entries()) {
    if (!pipelining && !isTaken(mail)) break
    if (!pipelining) {
      connection.requireInStep()
      await write(line)
    }
    const reply = await answer('RCPT', TIMEOUTS.rcpt)
    if (!isTaken(reply)) settled[i] ??= outcomeOfRcpt(reply, remote(reply))
  }

  const wanted = settled.includes(undefined)
  if ((chunking || !pipelining) && !wanted) return await reset(session, signal)
  if (chunking) {
    const refused = await sendChunks(session, delivery, attempt, write, () => next('BDAT', TIMEOUTS.dataEnd))
    if (refused !== undefined) {
      settle(() => outcomeOf(refused, remote(refused)))
      return await reset(session, signal)
    }
  } else {
    if (!pipelining) {
      connection.requireInStep()
      await write('DATA\r\n')
    }
    const go = await next('DATA', TIMEOUTS.dataInit)
    if (go.code < 400 && go.code !== 354) throw outOfStep(session, 'DATA', go)
    if (go.code !== 354) {
      settle(() => outcomeOf(go, remote(go)))
      return await reset(session, signal)
    }
    if (!wanted) return await sendNothing(session, write, signal)
    await sendStuffed(session, delivery, attempt, write)
  }

  const tls = connection.secure === undefined ? {} : { tls: `${connection.secure.version} ${connection.secure.cipher}` }
  const done = (reply: ParsedReply): Outcome => {
    if (isTaken(reply)) {
      if (lmtp) return { kind: 'delivered', where: `LMTP ${mta}`, remote: remote(reply) }
      return { kind: 'relayed', remote: remote(reply), dsn: extensions.dsn, ...tls }
    }
    const outcome = outcomeOf(reply, remote(reply))
    if (reply.code >= 400 || outcome.kind !== 'deferred') return outcome
    connection.destroy()
    return { ...outcome, reason: `${outcome.reason}; ${UNCERTAIN}` }
  }
  if (lmtp) {
    // RFC 2033 §4.2: a reply for each recipient that was taken, in their order.
    for (const [i, known] of settled.entries()) {
      if (known !== undefined) continue
      const reply = await next('end of data', TIMEOUTS.dataEnd)
      settled[i] = done(reply)
    }
    return
  }
  const reply = await next('end of data', TIMEOUTS.dataEnd)
  settle(() => done(reply))
}

/** RFC 2920 §3.1: a server that says 354 to nobody still wants its dot; what it says to it is no delivery. */
async function sendNothing(session: ClientSession, write: (bytes: string) => Promise<void>, signal: AbortSignal) {
  // RFC 2033 §4.2 gives as many replies as there are recipients, so here none: nothing to go by.
  if (session.lmtp) return session.connection.destroy()
  await orDestroy(session, async () => {
    await write('.\r\n')
    await session.connection.reply({ timeoutMs: TIMEOUTS.dataEnd, signal })
  })
}

/**
 * Leaves the transaction. Everybody is settled, so that a connection that breaks now changes nothing.
 * @throws ConnectionFailure when what comes is no answer to RSET, which cannot be refused (RFC 5321 §4.1.1.5)
 */
const reset = (session: ClientSession, signal: AbortSignal): Promise<void> =>
  orDestroy(session, async () => {
    const { connection } = session
    const wait = { timeoutMs: TIMEOUTS.command, signal }
    const early = connection.outOfStep
    if (!early) await connection.write('RSET\r\n', wait)
    const reply = await connection.reply(wait)
    if (reply.code === 421) connection.destroy()
    else if (early || !isTaken(reply)) throw outOfStep(session, 'RSET', reply)
  })

async function orDestroy(session: ClientSession, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof ConnectionFailure) || error.kind === 'protocol') throw error
    session.connection.destroy()
  }
}

const readable = (content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
  content instanceof WholeContent ? content : readOr(content)

async function* readOr(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content
  } catch (cause) {
    throw new ContentUnreadable('the message cannot be read from the queue', { cause })
  }
}

const outOfStep = ({ connection }: ClientSession, during: string, reply: ParsedReply): ConnectionFailure =>
  new ConnectionFailure('protocol', `${connection.peer} is out of step, at ${during}: ${formatParsed(reply)}`)

const isTaken = (reply: ParsedReply): boolean => reply.code >= 200 && reply.code < 300

/** 4yz is later, 5yz never; anything else is not understood, and so later. */
export function outcomeOf(reply: ParsedReply, remote: RemoteAnswer): Outcome {
  const reason = formatParsed(reply)
  if (reply.code >= 500) return { kind: 'failed', status: `5.${reply.enhanced ?? '0.0'}`, reason, remote }
  const status = reply.code >= 400 ? `4.${reply.enhanced ?? '0.0'}` : '4.5.0'
  return { kind: 'deferred', status, reason, remote, ...(reply.code === 421 ? { destinationDown: true } : {}) }
}

/** RFC 5321 §4.5.3.1.10: 552 to RCPT is an old way to say 452, too many recipients; unless it says otherwise. */
function outcomeOfRcpt(reply: ParsedReply, remote: RemoteAnswer): Outcome {
  if (reply.code !== 552 || (reply.enhanced !== undefined && !reply.enhanced.startsWith('5.')))
    return outcomeOf(reply, remote)
  return { kind: 'deferred', status: '4.5.3', reason: formatParsed(reply), remote }
}
