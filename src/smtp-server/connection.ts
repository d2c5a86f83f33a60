// SPDX-License-Identifier: Apache-2.0
/**
 * The host of one session: a socket on one side, the pure session on the other. Cuts octets into lines and content,
 * drives the session's questions, does what its actions say, writes replies of a pipelined group together
 * (RFC 2920 §3.2), keeps time, and leaves traces, logs and metrics.
 */
import type { SecureContext } from 'node:tls'
import { type Asking, drive, type Host } from '../ask/ask.ts'
import type { Answers } from '../ask/questions.ts'
import type { Clock } from '../clock/clock.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { Log } from '../monitor/log.ts'
import type { Trace } from '../policy/trace.ts'
import { LineScanner } from '../smtp/line-scanner.ts'
import { formatReply } from '../smtp/reply.ts'
import type { Action, Received } from './action.ts'
import { Arriving, type ArrivingParts } from './arriving.ts'
import type { ContentIntake } from './content-intake.ts'
import { Patience } from './patience.ts'
import { IDLE, OVER, Pump, type Step } from './pump.ts'
import type { Session } from './session.ts'
import type { SmtpMetrics } from './smtp-metrics.ts'
import { isCommandState, transactionOf } from './state.ts'
import type { Arrival, Wire } from './wire.ts'

export interface ConnectionParts extends ArrivingParts {
  /** Answers everything but what is this connection's own. */
  readonly host: Omit<Host, 'slot.claim' | 'queue.commit' | 'client.early' | 'content'>
  readonly accepted: (id: MessageId) => void
  /** Says whether the trace stands by itself, or is summed with others of its kind. */
  readonly traces: { append(trace: Trace): boolean }
  readonly log: Log
  readonly metrics: SmtpMetrics
  readonly clock: Clock
  readonly tlsContext: () => SecureContext | undefined
}

/** What the octets that come next are. */
type Mode =
  | { readonly is: 'lines' }
  | { readonly is: 'data'; readonly intake: ContentIntake; deadline: number }
  | {
      readonly is: 'chunk'
      readonly last: boolean
      readonly intake: ContentIntake | undefined
      left: number
      deadline: number
    }
  | { readonly is: 'handshake' }

const LINES: Mode = { is: 'lines' }
const STOPPABLE = { stoppable: true }
const TO_ITS_END = { stoppable: false }
/** Pending replies are sent when they are this many, whatever else waits: memory of a session. */
const MAX_PENDING_REPLIES = 16_384

/** What a connection answers itself. */
type Own = 'queue.commit' | 'content' | 'memory.claim' | 'slot.claim' | 'client.early' | 'wait' | 'note'

/** What is answered for all connections stays one object: to copy it for each is dearer than all else that is made for one. */
const answersOver = (all: Omit<Host, Own>, own: Pick<Host, Own>): Host => Object.assign(Object.create(all), own)

export class Connection {
  readonly #wire: Wire
  readonly #session: Session
  readonly #parts: ConnectionParts
  readonly #host: Host
  readonly #arriving: Arriving
  readonly #driving: NonNullable<Parameters<typeof drive>[2]> = {
    onFact: (fact) => this.#session.trace.fact(fact),
  }
  readonly #log: Log
  readonly #scanner: LineScanner
  readonly #pump: Pump
  readonly #patience: Patience
  #mode: Mode = LINES
  #replies = ''
  #closing = false
  /** The client has said QUIT. */
  #quit = false
  /** The connection was not refused. */
  #greeted = false
  #stopping = false
  /** A row of an access table wants to see what happens here. */
  #debug = false
  /** Ends a wait that an access table asked for. */
  #goOn = (): void => {}

  /** @param claim its place, when the session asks for one */
  constructor(wire: Wire, session: Session, parts: ConnectionParts, claim: Host['slot.claim']) {
    this.#wire = wire
    this.#session = session
    this.#parts = parts
    this.#scanner = new LineScanner(this.#limits.commandLine)
    this.#pump = new Pump((now) => this.#step(now), parts.clock)
    this.#patience = new Patience(parts.clock, () => this.#limits)
    const { client, session: id } = session.context
    this.#log = parts.log.child({ session: id, client: client.address })
    this.#arriving = new Arriving(parts, this.#log)
    this.#host = answersOver(parts.host, {
      ...this.#arriving.answers,
      'slot.claim': claim,
      'client.early': ({ waitMs }) => this.#early(waitMs),
      wait: ({ ms }) => this.#hold(ms),
      note: (question) => {
        if (question.note.kind === 'debug') this.#debug = true
        return parts.host.note(question)
      },
    })
  }

  /** Runs the session to its end. Never rejects. */
  async run(): Promise<void> {
    this.#parts.metrics.connection(this.#session.context.service)
    try {
      await this.#converse()
    } catch (error) {
      // A bug of ours, or an answer of the host that failed: the client hears 421, everybody else goes on.
      this.#parts.metrics.fault()
      this.#log.error('smtp.fault', { err: error, state: this.#session.state.at, verb: this.#session.verb })
      this.#perform(this.#session.fault())
      await this.#flush()
    }
    await this.#arriving.drop()
    this.#arriving.letGo()
    if (!this.#quit || this.#scanner.pendingBytes > 0 || !this.#wire.closeAtOnce()) await this.#wire.close()
    if (!this.#greeted) return
    const { context, counts } = this.#session
    const { listener, client } = context
    this.#log.info('smtp.closed', { listener, port: client.port, transactions: counts.transactions })
  }

  /** Ends the session after the transaction at hand (RFC 5321 §3.8). */
  stop(): void {
    this.#stopping = true
    this.#goOn()
    this.#wire.stop()
  }

  /** Ends it now. */
  destroy(): void {
    this.#goOn()
    this.#wire.destroy()
  }

  get #limits() {
    return this.#session.context.revision.config.limits
  }

  async #converse(): Promise<void> {
    await this.#drive(this.#session.connect())
    // A refused connection is logged with its trace, which is summed after the first few of a minute.
    this.#greeted = !this.#closing
    const { listener, client } = this.#session.context
    if (this.#greeted) this.#log.debug('smtp.connected', { listener, port: client.port })
    this.#patience.lineBegins()
    await this.#pump.run()
    await this.#flush()
  }

  #step(now: number): Step {
    if (this.#closing) return OVER
    const mode = this.#mode
    switch (mode.is) {
      case 'lines':
        return this.#line(now)
      case 'handshake':
        return this.#handshake()
      default:
        return this.#content(mode)
    }
  }

  /** Handles a line that is there, else waits for more. */
  #line(start: number): Step {
    this.#scanner.maxBytes = this.#limits[this.#session.lineLimit]
    const line = this.#scanner.next()
    if (line === undefined) return this.#moreLines()
    this.#session.useRevision(this.#parts.revision())
    const done = this.#drive(this.#session.line(line))
    return done === undefined ? this.#answered(start) : done.then(() => this.#answered(start))
  }

  /** The replies to a line are known. */
  #answered(start: number): Promise<void> | undefined {
    const now = this.#parts.clock.monotonic()
    this.#parts.metrics.command(this.#session.verb, (now - start) / 1000)
    this.#patience.lineBegins(now)
    return this.#replies.length > MAX_PENDING_REPLIES ? this.#flush() : undefined
  }

  #moreLines(): Step {
    const mayStop = this.#mayStop
    if (this.#stopping && mayStop) return this.#perform(this.#session.shutDown())
    const unsent = this.#flush()
    if (unsent !== undefined) return unsent
    const arrival = this.#wire.next(mayStop ? STOPPABLE : TO_ITS_END)
    if (arrival === undefined) return this.#idle(this.#patience.lineDeadline)
    if (arrival === 'timeout') return this.#perform(this.#session.overLimit('commandTimeout'))
    if (arrival === 'end' || arrival === 'gone') return this.#perform(this.#session.gone())
    if (arrival === 'stop') this.#stopping = true
    else this.#scanner.push(arrival)
    return undefined
  }

  #content(mode: Extract<Mode, { is: 'data' | 'chunk' }>): Step {
    if (mode.is === 'chunk' && mode.left === 0) return this.#endContent(mode)
    if (this.#scanner.pendingBytes > 0) return this.#takeIn(mode, this.#scanner.rest())
    const unsent = this.#flush()
    if (unsent !== undefined) return unsent
    const arrival = this.#wire.next(TO_ITS_END)
    if (arrival === undefined) return this.#idle(mode.deadline)
    if (arrival === 'timeout') return this.#perform(this.#session.overLimit('dataTimeout'))
    // The end never came: nothing was promised, nothing is kept.
    if (typeof arrival === 'string') return this.#perform(this.#session.gone())
    return this.#takeIn(mode, arrival)
  }

  #takeIn(mode: Extract<Mode, { is: 'data' | 'chunk' }>, bytes: Buffer): Step {
    mode.deadline = this.#patience.extended(mode.deadline, bytes.length)
    this.#arriving.looking()
    if (mode.is === 'chunk') {
      const mine = bytes.subarray(0, mode.left)
      mode.left -= mine.length
      this.#scanner.push(bytes.subarray(mine.length))
      return mode.intake?.push(mine).kept
    }
    const { ended, rest, kept } = mode.intake.push(bytes)
    if (rest !== undefined) this.#scanner.push(rest)
    if (ended) return kept === undefined ? this.#endContent(mode) : kept.then(() => this.#endContent(mode))
    if (mode.intake.octets > this.#patience.mostOctets) this.#perform(this.#session.overLimit('swallowed'))
    return kept
  }

  #idle(deadline: number): Step {
    this.#wire.wait(deadline, this.#pump.wake)
    return IDLE
  }

  async #endContent(mode: Extract<Mode, { is: 'data' | 'chunk' }>): Promise<void> {
    this.#mode = LINES
    const start = this.#parts.clock.monotonic()
    let received: Received = { kind: 'chunk', octets: 0 }
    const whole = mode.is === 'data' || mode.last
    this.#arriving.looking()
    if (mode.intake !== undefined) received = whole ? await mode.intake.whole() : mode.intake.chunk()
    try {
      await this.#drive(this.#session.content(received))
    } finally {
      this.#arriving.judged()
    }
    if (whole && mode.intake !== undefined) this.#arriving.cameThrough(mode.intake.rules)
    const now = this.#parts.clock.monotonic()
    this.#parts.metrics.command('content', (now - start) / 1000)
    this.#patience.lineBegins(now)
  }

  async #handshake(): Promise<void> {
    this.#mode = LINES
    const { state } = this.#session
    if (state.at === 'handshake' && !state.implicit) this.#dropInjected()
    await this.#flush()
    if (this.#closing) return
    const context = this.#parts.tlsContext()
    if (context === undefined) throw new Error('the certificate is gone')
    try {
      await this.#drive(this.#session.tlsStarted(await this.#wire.upgrade(context)))
    } catch (error) {
      if (!this.#wire.gone) throw error
      this.#log.info('smtp.handshake-failed', { err: error })
      this.#perform(this.#session.gone())
    }
    this.#patience.lineBegins()
  }

  /** RFC 3207 §6: what came behind STARTTLS in the clear is not under TLS and must not be taken for it. */
  #dropInjected(): void {
    const octets = this.#scanner.rest().length + this.#wire.drop()
    if (octets === 0) return
    this.#parts.metrics.injected()
    this.#log.warn('smtp.starttls-injection', { octets })
  }

  #drive(asking: Asking<readonly Action[]>): Promise<void> | undefined {
    const actions = drive(asking, this.#host, this.#driving)
    if (actions instanceof Promise) return actions.then((list) => this.#perform(list))
    this.#perform(actions)
    return undefined
  }

  #perform(actions: readonly Action[]): undefined {
    for (const action of actions) {
      switch (action.do) {
        case 'reply':
          this.#replies += formatReply(action.reply)
          this.#parts.metrics.reply(action.reply.code)
          break
        case 'readContent': {
          const intake = this.#arriving.begin('data', action.rules)
          this.#mode = { is: 'data', intake, deadline: this.#patience.contentDeadline() }
          break
        }
        case 'readChunk': {
          const { size: left, last, rules } = action
          const intake = rules === undefined ? undefined : this.#arriving.chunk(rules)
          this.#mode = { is: 'chunk', left, last, intake, deadline: this.#patience.contentDeadline() }
          if (left > this.#patience.mostOctets) this.#perform(this.#session.overLimit('swallowed'))
          break
        }
        case 'dropContent':
          void this.#arriving.drop()
          break
        case 'startTls':
          this.#mode = { is: 'handshake' }
          break
        case 'record':
          this.#record(action.trace)
          break
        case 'accepted':
          this.#parts.accepted(action.id)
          break
        case 'log':
          this.#log[action.level](action.event, action.fields)
          break
        case 'close':
          this.#closing = true
          this.#quit = action.quit === true
          break
        default:
          action satisfies never
      }
    }
  }

  #record(trace: Trace): void {
    this.#arriving.letGo()
    this.#parts.metrics.outcome(trace.outcome)
    if (this.#debug) this.#log.info('smtp.debug', { trace })
    if (!this.#parts.traces.append(trace)) return
    const { id, from, size, outcome, recipients } = trace
    this.#log.info('smtp.transaction', { id, from, size, outcome, recipients: recipients.length })
  }

  /** What is said already goes out first, so that nobody waits for it. */
  async #hold(ms: number): Promise<undefined> {
    if (this.#stopping || this.#closing) return undefined
    await this.#flush()
    if (this.#closing) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#parts.clock.after(ms, resolve)
    this.#goOn = resolve
    await promise
    cancel()
    return undefined
  }

  /** What the client sent before the greeting, kept for when its turn has come. */
  #early(waitMs: number): Answers['client.early'] | Promise<Answers['client.early']> {
    if (waitMs === 0) return this.#talked(this.#wire.next(STOPPABLE))
    return this.#wire.read(waitMs, STOPPABLE).then((arrival) => this.#talked(arrival))
  }

  #talked(early: Arrival | undefined): Answers['client.early'] {
    if (early === 'stop') this.#stopping = true
    if (early === undefined || typeof early === 'string') return { octets: 0 }
    this.#parts.metrics.earlyTalker()
    this.#log.info('smtp.early-talker', { octets: early.length })
    this.#scanner.push(early)
    return { octets: early.length }
  }

  /** Sends pending replies; waits while the client does not read them. One that never does ends the session. */
  #flush(): Promise<void> | undefined {
    const text = this.#replies
    this.#replies = ''
    const sent = this.#wire.write(text, this.#limits.commandTimeout)
    if (sent === true) return undefined
    return sent.then((read) => {
      if (read) return
      this.#perform(this.#session.overLimit('commandTimeout'))
      this.#wire.destroy()
    })
  }

  /** Between commands and without a transaction. */
  get #mayStop(): boolean {
    const { state } = this.#session
    return isCommandState(state.at) && transactionOf(state) === undefined
  }
}
