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
import { type Commands, cannotCarry, cannotCarryHeader, commandsOf, needsHeaderLook } from './commands.ts'
import { type Attempt, sendChunks, sendStuffed } from './content.ts'
import type { Deadline } from './deadline.ts'
import { ConnectionFailure } from './failure.ts'
import { type ClientSession, formatParsed, SessionRefused } from './session.ts'
import { TIMEOUTS } from './timeouts.ts'

export interface SendOptions {
  /** The name of the next hop, for notifications. */
  readonly mta: string
  readonly deadline: Deadline
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
  delivery: Delivery,
  options: SendOptions,
): Promise<readonly Outcome[]> {
  const { connection, extensions } = session
  const commands = commandsOf(delivery, extensions)
  const transaction = new Transaction(session, delivery, commands, options)
  connection.heed(options.deadline)
  try {
    const problem =
      cannotCarry(delivery, extensions, commands) ??
      (needsHeaderLook(delivery, extensions) ? await cannotCarryHeader(readable(delivery.content())) : undefined)
    if (problem !== undefined) return delivery.recipients.map(() => problem)
    session.messages++
    await transaction.run()
    return transaction.outcomes(NOT_REACHED)
  } catch (error) {
    connection.destroy()
    if (error instanceof BareNewline && extensions.chunking) throw error
    const { settled, sentWhole } = transaction
    // Who breaks the protocol before the end of the message is not believed about it: nobody knows what was meant.
    if (error instanceof ConnectionFailure && error.kind === 'protocol' && !sentWhole) settled.fill(undefined)
    const untouched = !sentWhole && settled.every((outcome) => outcome === undefined)
    if (untouched && (error instanceof ConnectionFailure || error instanceof SessionRefused)) throw error
    return transaction.outcomes(outcomeOfBreak(error, transaction, session, options))
  } finally {
    connection.heed(undefined)
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

class Transaction implements Attempt {
  readonly settled: (Outcome | undefined)[]
  sentWhole = false
  readonly #session: ClientSession
  readonly #delivery: Delivery
  readonly #commands: Commands
  readonly #mta: string
  readonly #chunking: boolean

  constructor(session: ClientSession, delivery: Delivery, commands: Commands, { mta, by }: SendOptions) {
    this.settled = new Array<Outcome | undefined>(delivery.recipients.length).fill(undefined)
    this.#session = session
    this.#delivery = delivery
    this.#commands = commands
    this.#mta = mta
    this.#chunking = by === 'bdat'
  }

  /** One a recipient. @param rest of those that nothing was said about */
  outcomes(rest: Outcome): readonly Outcome[] {
    this.#settle(rest)
    return this.settled as Outcome[]
  }

  async run(): Promise<void> {
    const { connection, extensions } = this.#session
    const { pipelining } = extensions
    const { mail: mailLine, rcpts } = this.#commands
    connection.requireInStep()

    // RFC 2920 §3.1: MAIL, RCPT and, last in its group, DATA may go together.
    const going = connection.write(pipelining ? this.#group() : `${mailLine}\r\n`, TIMEOUTS.dataBlock)
    if (going !== undefined) await going
    const mail = this.#answer('MAIL', connection.replyAtHand() ?? (await connection.reply(TIMEOUTS.mail)))
    if (!isTaken(mail)) this.#settle(outcomeOf(mail, this.#remote(mail)))
    for (let i = 0; i < rcpts.length; i++) {
      if (!pipelining) {
        if (!isTaken(mail)) break
        connection.requireInStep()
        await connection.write(`${rcpts[i]}\r\n`, TIMEOUTS.dataBlock)
      }
      const reply = this.#answer('RCPT', connection.replyAtHand() ?? (await connection.reply(TIMEOUTS.rcpt)))
      if (!isTaken(reply)) this.settled[i] ??= outcomeOfRcpt(reply, this.#remote(reply))
    }

    const wanted = this.settled.includes(undefined)
    if ((this.#chunking || !pipelining) && !wanted) return await reset(this.#session)
    if (this.#chunking) {
      const refused = await sendChunks(this.#session, readable(this.#delivery.content()), this, async () =>
        this.#next('BDAT', await connection.reply(TIMEOUTS.dataEnd)),
      )
      if (refused !== undefined) return await this.#refused(refused)
    } else {
      if (!pipelining) {
        connection.requireInStep()
        await connection.write('DATA\r\n', TIMEOUTS.dataBlock)
      }
      const go = this.#next('DATA', connection.replyAtHand() ?? (await connection.reply(TIMEOUTS.dataInit)))
      if (go.code < 400 && go.code !== 354) throw outOfStep(this.#session, 'DATA', go)
      if (go.code !== 354) return await this.#refused(go)
      if (!wanted) return await sendNothing(this.#session)
      const sending = sendStuffed(this.#session, readable(this.#delivery.content()), this)
      if (sending !== undefined) await sending
    }
    // RFC 2033 §4.2: a reply for each recipient that was taken, in their order.
    if (this.#session.lmtp) {
      for (const [i, known] of this.settled.entries())
        if (known === undefined)
          this.settled[i] = this.#done(this.#next('end of data', await connection.reply(TIMEOUTS.dataEnd)))
    } else this.#settle(this.#done(this.#next('end of data', await connection.reply(TIMEOUTS.dataEnd))))
  }

  #group(): string {
    let lines = `${this.#commands.mail}\r\n`
    for (const rcpt of this.#commands.rcpts) lines += `${rcpt}\r\n`
    return this.#chunking ? lines : `${lines}DATA\r\n`
  }

  /** RFC 5321 §3.8: 421 may come at any time, and ends the session. @throws SessionRefused */
  #next(during: string, reply: ParsedReply): ParsedReply {
    if (reply.code === 421) throw new SessionRefused(during, reply)
    return reply
  }

  /** To MAIL and RCPT: yes or no. */
  #answer(during: string, reply: ParsedReply): ParsedReply {
    this.#next(during, reply)
    if (reply.code < 400 && !isTaken(reply)) throw outOfStep(this.#session, during, reply)
    return reply
  }

  #settle(outcome: Outcome): void {
    for (let i = 0; i < this.settled.length; i++) this.settled[i] ??= outcome
  }

  #refused(reply: ParsedReply): Promise<void> {
    this.#settle(outcomeOf(reply, this.#remote(reply)))
    return reset(this.#session)
  }

  #remote(reply: ParsedReply): RemoteAnswer {
    return { mta: this.#mta, address: this.#session.connection.peer, reply: formatParsed(reply) }
  }

  #done(reply: ParsedReply): Outcome {
    const { connection, extensions, lmtp } = this.#session
    const remote = this.#remote(reply)
    if (isTaken(reply)) {
      if (lmtp) return { kind: 'delivered', where: `LMTP ${this.#mta}`, remote }
      const { secure } = connection
      const { dsn } = extensions
      return secure === undefined
        ? { kind: 'relayed', remote, dsn }
        : { kind: 'relayed', remote, dsn, tls: `${secure.version} ${secure.cipher}` }
    }
    const outcome = outcomeOf(reply, remote)
    if (reply.code >= 400 || outcome.kind !== 'deferred') return outcome
    connection.destroy()
    return { ...outcome, reason: `${outcome.reason}; ${UNCERTAIN}` }
  }
}

/** RFC 2920 §3.1: a server that says 354 to nobody still wants its dot; what it says to it is no delivery. */
async function sendNothing(session: ClientSession): Promise<void> {
  const { connection, lmtp } = session
  // RFC 2033 §4.2 gives as many replies as there are recipients, so here none: nothing to go by.
  if (lmtp) return connection.destroy()
  await orDestroy(session, async () => {
    await connection.write('.\r\n', TIMEOUTS.dataBlock)
    await connection.reply(TIMEOUTS.dataEnd)
  })
}

/**
 * Leaves the transaction. Everybody is settled, so that a connection that breaks now changes nothing.
 * @throws ConnectionFailure when what comes is no answer to RSET, which cannot be refused (RFC 5321 §4.1.1.5)
 */
const reset = (session: ClientSession): Promise<void> =>
  orDestroy(session, async () => {
    const { connection } = session
    const early = connection.outOfStep
    if (!early) await connection.write('RSET\r\n', TIMEOUTS.command)
    const reply = await connection.reply(TIMEOUTS.command)
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
