// SPDX-License-Identifier: Apache-2.0
/**
 * One SMTP, submission or LMTP session: pure. It is told what arrived (a line, content, the end of a handshake), asks
 * what it needs to know, and returns actions for its host (connection.ts). No socket, clock, disk or log in here.
 *
 * RFC 5321, RFC 2033 (LMTP), RFC 2920 (PIPELINING: lines are handled one by one in their order; the host sends the
 * replies of a group together), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3030 (CHUNKING), RFC 6409 (submission).
 *
 * A command is refused by throwing `Refusal`, caught in one place: `line`. Anything else that is thrown is a bug; the
 * host ends the session with `fault()`.
 */
import { type Asking, ask } from '../ask/ask.ts'
import type { Account } from '../ask/questions.ts'
import type { Revision } from '../config/revision.ts'
import type { MessageId } from '../envelope/message-id.ts'
import { runStages } from '../policy/run-stages.ts'
import type { Finding } from '../policy/saying.ts'
import type { SessionContext, SessionCounts } from '../policy/stage.ts'
import { STAGES } from '../policy/stages.ts'
import { TraceBuilder } from '../policy/trace-builder.ts'
import { parseCommand } from '../smtp/command.ts'
import type { ScannedLine } from '../smtp/line-scanner.ts'
import { describeReply, isTransient, Refusal, type Reply, reply } from '../smtp/reply.ts'
import { type Action, CLOSE, type Received, say } from './action.ts'
import { continueAuth } from './commands/auth.ts'
import { commandOf } from './commands/table.ts'
import { receiveContent } from './content.ts'
import { boundOf, type CountedLimit, LIMITS, type LimitName } from './limits.ts'
import { isCommandState, type State, transactionOf } from './state.ts'
import { abandon } from './transaction.ts'

/** What a session needs from its host besides answers. */
export interface SessionSetting {
  readonly newMessageId: () => MessageId
  /** Wall-clock milliseconds, for the start of a trace. */
  readonly now: () => number
  /** Milliseconds that never run backwards, for the steps of a trace. */
  readonly elapsed: () => number
  /** STARTTLS can be offered: there is a certificate. */
  readonly tlsAvailable: () => boolean
  /** A stage refuses a recipient: what tables behind it would have said can be asked. Not set where mail is served. */
  readonly refusedRecipient?: (theRest: () => Asking<readonly Finding[]>) => void
}

export class Session {
  state: State = { at: 'connected' }
  context: SessionContext
  readonly setting: SessionSetting
  /** Trace of the connection, until and between transactions. */
  readonly connectionTrace: TraceBuilder
  /** Trace of the transaction that the MAIL command at hand would begin. */
  opening: TraceBuilder | undefined
  /** The last command, for metrics; `other` for what was none. */
  verb = 'other'
  #latest: Revision | undefined
  /** Those of the context, and of each context that was made of it: they go up in place. */
  readonly #counts: { -readonly [K in keyof SessionCounts]: SessionCounts[K] }

  constructor(context: SessionContext, setting: SessionSetting) {
    this.#counts = { ...context.counts }
    this.context = { ...context, counts: this.#counts }
    this.setting = setting
    this.connectionTrace = this.newTrace(context.session)
  }

  /** Where steps and facts go now. */
  get trace(): TraceBuilder {
    return transactionOf(this.state)?.trace ?? this.opening ?? this.connectionTrace
  }

  /** How long the next line may be, and what stands against it. */
  get lineLimit(): LimitName & ('commandLine' | 'authLine') {
    return this.state.at === 'auth' ? 'authLine' : 'commandLine'
  }

  newTrace(id: MessageId | SessionContext['session']): TraceBuilder {
    const { session, revision, listener, client, server, source } = this.context
    const start = this.setting.elapsed()
    return new TraceBuilder(
      { id, session, at: this.setting.now(), revision: revision.id, listener, client, server, source },
      () => this.setting.elapsed() - start,
    )
  }

  /** A new policy revision. Taken up at once outside a transaction, else when the transaction ends (design 2.3). */
  useRevision(revision: Revision): void {
    this.#latest = revision === this.context.revision ? undefined : revision
  }

  /** The TCP connection stands (spec access-control.md 12, steps 1 and 2). */
  *connect(): Asking<readonly Action[]> {
    const { verdict, by, context } = yield* runStages('connect', STAGES.connect, this.context, this.connectionTrace)
    this.context = context
    this.connectionTrace.set({ source: context.source })
    if (verdict.do === 'refuse') {
      // The greeting is the reply to the connection (RFC 5321 §3.1): 554 or 421, then close, whatever `close` says.
      const trace = this.connectionTrace.finish(isTransient(verdict.reply) ? 'deferred' : 'refused')
      this.state = { at: 'closed' }
      // Under implicit TLS nothing can be said before a handshake, which is too dear for a refusal.
      const said = this.context.service === 'submissions' ? [] : [say(verdict.reply)]
      return [...said, { do: 'record', trace }, CLOSE]
    }
    if (verdict.do === 'discard' || verdict.do === 'hold')
      throw new Error(`a connection cannot be ${verdict.do === 'hold' ? 'held' : 'discarded'} (${JSON.stringify(by)})`)
    if (this.context.service !== 'submissions') return this.#greet()
    this.state = { at: 'handshake', implicit: true } // RFC 8314 §3.3
    return [{ do: 'startTls' }]
  }

  /** The handshake is done. After STARTTLS nothing said before it counts any more (RFC 3207 §4.2). */
  *tlsStarted(tls: { readonly version: string; readonly cipher: string }): Asking<readonly Action[]> {
    if (this.state.at !== 'handshake') throw new Error(`TLS started in state ${this.state.at}`)
    const { implicit } = this.state
    const { helo: _, ...rest } = this.context
    const fresh: SessionContext = { ...rest, esmtp: false, tls }
    const { context } = yield* runStages('starttls', STAGES.starttls, fresh, this.connectionTrace)
    this.context = context
    this.connectionTrace.set({ tls: `${tls.version} ${tls.cipher}`, source: context.source })
    if (implicit) return this.#greet()
    this.state = { at: 'greeted' }
    return []
  }

  /** A line, of a command or of an AUTH exchange. */
  line(line: ScannedLine): Asking<readonly Action[]> {
    this.verb = this.state.at === 'auth' ? 'AUTH' : 'other'
    return line.kind === 'bad' ? this.#badLine(line.why) : this.#carryOut(() => this.#goodLine(line.bytes))
  }

  #badLine(why: 'too-long' | keyof typeof BAD_OCTETS): Asking<readonly Action[]> {
    const limit = this.state.at === 'auth' ? LIMITS.authLine : LIMITS.commandLine
    if (this.state.at === 'auth') this.state = { at: 'ready' } // RFC 4954 §4: the exchange has failed
    return this.#refuseAtOnce(new Refusal(why === 'too-long' ? limit.reply : BAD_OCTETS[why]))
  }

  #goodLine(line: Buffer): Asking<readonly Action[]> | readonly Action[] {
    const { state } = this
    if (state.at === 'auth') return continueAuth(this, state.dialogue, line.toString('latin1'))
    this.#takeRevision()
    return this.#dispatch(line)
  }

  /** Content, or a chunk of it, has been read. */
  content(received: Received): Asking<readonly Action[]> {
    const state = this.state
    if (state.at !== 'unwantedChunk') return this.#carryOut(() => receiveContent(this, received))
    this.state = state.before
    return this.#refuseAtOnce(new Refusal(state.refusal))
  }

  /** A limit was reached. Ends the session. */
  overLimit(name: LimitName): readonly Action[] {
    const { reply } = LIMITS[name]
    this.trace.step({
      at: transactionOf(this.state) === undefined ? 'connect' : 'mail',
      stage: `limit ${name}`,
      result: 'refuse',
      by: boundOf(this.context, name).by,
      reply: describeReply(reply),
    })
    return this.#end(reply, { connectionRefused: true })
  }

  /** The server stops: RFC 5321 §3.8. */
  shutDown(): readonly Action[] {
    return this.#end(reply(421, '3.2', 'Server is shutting down'))
  }

  /** A bug of ours ended a command. The client may try again later. */
  fault(): readonly Action[] {
    return this.#end(reply(421, '3.0', 'Internal error, closing connection'))
  }

  /** A stage refused and wants the session to end. Without a transaction that is the end of the connection's trace. */
  endWith(last: Reply): readonly Action[] {
    return this.#end(last, { connectionRefused: true })
  }

  /** The client is gone without QUIT. */
  gone(): readonly Action[] {
    return this.#end(undefined)
  }

  signedIn(account: Account): void {
    this.context = { ...this.context, account }
  }

  get counts(): SessionCounts {
    return this.#counts
  }

  count(name: keyof SessionCounts): void {
    this.#counts[name]++
  }

  /** A message has been taken: what led to it was not in vain. */
  messageTaken(): void {
    this.#counts.emptyCommands = 0
  }

  /** Adds to a count; the actions to take when its limit is passed. */
  countAgainst(name: CountedLimit): readonly Action[] | undefined {
    this.count(name)
    return this.counts[name] > boundOf(this.context, name).max ? this.overLimit(name) : undefined
  }

  #dispatch(line: Buffer): Asking<readonly Action[]> | readonly Action[] {
    const { state, context } = this
    if (!isCommandState(state.at)) throw new Error(`a command in state ${state.at}`)
    const parsed = parseCommand(line)
    if ('problem' in parsed) throw new Refusal(parsed.problem)
    const { verb, argument } = parsed
    this.verb = verb
    const service = context.service === 'lmtp' ? 'lmtp' : 'smtp'
    const command = commandOf(verb)
    if (command === undefined || (command.service !== 'any' && command.service !== service))
      throw new Refusal(reply(500, '5.2', 'Command not recognized')) // RFC 5321 §4.2.4; LMTP: RFC 2033 §4.1
    if (command.noArgument === true && argument !== '')
      throw new Refusal(reply(501, '5.4', `${verb} takes no argument`)) // RFC 5321 §4.1.1
    const over = command.empty === true ? this.countAgainst('emptyCommands') : undefined
    if (over !== undefined) return over
    if (command.allowedAt.includes(state.at)) return command.run(this, argument)
    if (command.outOfOrder !== undefined) return command.outOfOrder(this, argument)
    throw new Refusal(reply(503, '5.1', outOfOrder(verb, state.at, service))) // RFC 5321 §4.1.4
  }

  /**
   * What a handler that asks comes to, or one that has nothing to ask. Refusals are caught here. Replies of a transaction
   * are held back for as long as an access table asked ($D, spec access-control.md 3.2).
   */
  *#carryOut(handle: () => Asking<readonly Action[]> | readonly Action[]): Asking<readonly Action[]> {
    const before = delayOf(this.state)
    let actions: readonly Action[]
    try {
      const handled = handle()
      actions = 'next' in handled ? yield* handled : handled
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      actions = this.#refuse(error)
    }
    const ms = Math.max(before, delayOf(this.state))
    if (ms > 0 && actions.some((action) => action.do === 'reply')) yield* ask({ ask: 'wait', ms })
    return actions
  }

  /** Without asking anything. */
  *#refuseAtOnce(refusal: Refusal): Asking<readonly Action[]> {
    return this.#refuse(refusal)
  }

  #refuse(refusal: Refusal): readonly Action[] {
    const log: readonly Action[] =
      refusal.cause === undefined
        ? []
        : [
            {
              do: 'log',
              level: 'warn',
              event: 'smtp.refused',
              fields: { reply: refusal.message, cause: refusal.cause },
            },
          ]
    const over = isBadCommand(refusal.reply) ? this.countAgainst('badCommands') : undefined
    return [...log, ...(over ?? [say(refusal.reply)])]
  }

  #greet(): readonly Action[] {
    this.state = { at: 'greeted' }
    const { revision, service } = this.context
    const protocol = service === 'lmtp' ? 'LMTP' : 'ESMTP'
    // RFC 5321 §4.2: the name stands first. No enhanced code (RFC 2034 §4).
    return [say(reply(220, undefined, `${revision.config.server.hostname} ${protocol} Postern`))]
  }

  #takeRevision(): void {
    const latest = this.#latest
    if (latest === undefined || transactionOf(this.state) !== undefined) return
    this.#latest = undefined
    // A revision without this session's channel cannot judge it: the session ends with the one it has.
    if (latest.config.channels[this.context.source] !== undefined) this.context = { ...this.context, revision: latest }
  }

  #end(last: Reply | undefined, { connectionRefused = false } = {}): readonly Action[] {
    if (this.state.at === 'closed') return []
    const said: readonly Action[] = last === undefined ? [] : [say(last)]
    const open = transactionOf(this.state)
    const records: readonly Action[] =
      open !== undefined
        ? abandon(open)
        : connectionRefused
          ? [{ do: 'record', trace: this.connectionTrace.finish('refused') }]
          : []
    this.state = { at: 'closed' }
    return [...said, ...records, CLOSE]
  }
}

const delayOf = (state: State): number => transactionOf(state)?.context.carried?.delayMs ?? 0

/** RFC 5321 §2.3.8: CR and LF stand together or not at all. */
const BAD_OCTETS = {
  'bare-cr': reply(500, '5.2', 'Bare CR in command; lines end in CRLF'),
  'bare-lf': reply(500, '5.2', 'Bare LF in command; lines end in CRLF'),
  nul: reply(500, '5.2', 'NUL in command'),
} as const

/** RFC 5321 §4.2.2: what was wrong was the command itself. */
const isBadCommand = ({ code }: Reply): boolean => (code >= 500 && code <= 504) || code === 555

function outOfOrder(verb: string, at: State['at'], service: 'smtp' | 'lmtp'): string {
  if (at === 'greeted') return service === 'lmtp' ? 'Say LHLO first' : 'Say EHLO first'
  if (at === 'bdat') return `${verb} is not allowed between BDAT commands`
  if (at === 'mail') return `${verb} is not allowed in a mail transaction`
  return `${verb} needs a MAIL command first`
}
