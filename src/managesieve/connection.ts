// SPDX-License-Identifier: Apache-2.0
/**
 * The host of one session: a socket on one side, the pure session on the other. Cuts octets into lines, answers the
 * session's questions, does what its actions say, and keeps time.
 */
import { setImmediate as turnOfOthers } from 'node:timers/promises'
import type { SecureContext } from 'node:tls'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import type { Wire } from '../smtp-server/wire.ts'
import type { Action } from './action.ts'
import { CommandReader } from './grammar.ts'
import { driveSession, type SessionAsking, type SessionHost, type SignInHost } from './questions.ts'
import type { Session } from './session.ts'

export interface ConnectionParts {
  readonly signIn: Omit<SignInHost, 'wait'>
  readonly rules: SessionHost['rules']
  readonly log: Log
  readonly clock: Clock
  readonly tlsContext: () => SecureContext | undefined
}

/** A session that has worked so long lets all others have their turn first. */
const TURN_MS = 2
/** A client that does not read for so long what it asked for is gone. */
const WRITE_MS = 60_000
/** Replies are sent when they are this many octets, whatever else waits: memory of a session. */
const MAX_PENDING = 65_536

export class Connection {
  readonly #wire: Wire
  readonly #session: Session
  readonly #parts: ConnectionParts
  readonly #host: SessionHost
  readonly #log: Log
  readonly #reader: CommandReader
  #pending = ''
  #closing = false
  #handshake = false
  #stopping = false
  /** Ends the wait behind a failed sign-in. */
  #goOn = (): void => {}
  /** Monotonic time until which a whole command must have come. */
  #deadline = 0

  constructor(wire: Wire, session: Session, parts: ConnectionParts) {
    this.#wire = wire
    this.#session = session
    this.#parts = parts
    this.#reader = new CommandReader(session.readerLimits)
    this.#log = parts.log.child({ client: session.context.client.address })
    this.#host = { rules: parts.rules, signIn: { ...parts.signIn, wait: ({ ms }) => this.#hold(ms) } }
  }

  /** Runs the session to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#converse()
    } catch (error) {
      // A bug of ours, or an answer of the host that failed: the client hears BYE, everybody else goes on.
      this.#log.error('managesieve.fault', { err: error, state: this.#session.state.at })
      this.#perform(this.#session.fault())
      await this.#flush()
    }
    await this.#wire.close()
  }

  /** Ends the session after the command at hand. */
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

  async #converse(): Promise<void> {
    this.#perform(this.#session.greet())
    this.#awaitSignIn()
    let turnBegan = this.#parts.clock.monotonic()
    while (!this.#closing) {
      if (this.#parts.clock.monotonic() - turnBegan >= TURN_MS) {
        await turnOfOthers()
        turnBegan = this.#parts.clock.monotonic()
      }
      if (this.#handshake) await this.#shakeHands()
      else await this.#next()
    }
    await this.#flush()
  }

  /** Handles a line that is there, else waits for more. */
  async #next(): Promise<void> {
    this.#reader.limits = this.#session.readerLimits
    const line = this.#reader.next()
    if (line === undefined) return await this.#more()
    const known = this.#session.context.account
    await this.#drive(this.#session.line(line))
    const { account } = this.#session.context
    if (account !== undefined) this.#deadline = this.#parts.clock.monotonic() + this.#settings.idleTimeout
    else if (known !== undefined) this.#awaitSignIn()
    if (this.#pending.length > MAX_PENDING) await this.#flush()
  }

  async #more(): Promise<void> {
    if (this.#stopping) return this.#perform(this.#session.shutDown())
    if (!(await this.#flush())) return
    const left = this.#deadline - this.#parts.clock.monotonic()
    const arrival = await this.#wire.read(Math.max(0, left), { stoppable: true })
    if (arrival === 'timeout') this.#perform(this.#session.timeout())
    else if (arrival === 'stop') this.#stopping = true
    else if (arrival === 'end' || arrival === 'gone') this.#closing = true
    else this.#reader.push(arrival)
  }

  async #shakeHands(): Promise<void> {
    this.#handshake = false
    // RFC 5804 §2.2: what came behind STARTTLS in the clear is not under TLS and must not be taken for it.
    const injected = this.#reader.drop() + this.#wire.drop()
    if (injected > 0) this.#log.warn('managesieve.starttls-injection', { octets: injected })
    if (!(await this.#flush())) return
    const context = this.#parts.tlsContext()
    if (context === undefined) throw new Error('the certificate is gone')
    try {
      const tls = await this.#wire.upgrade(context)
      this.#perform(this.#session.tlsStarted(tls))
    } catch (error) {
      if (!this.#wire.gone) throw error
      this.#log.info('managesieve.handshake-failed', { err: error })
      this.#closing = true
    }
  }

  async #drive(asking: SessionAsking<readonly Action[]>): Promise<void> {
    this.#perform(await driveSession(asking, this.#host))
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'send':
          this.#pending += action.text
          break
        case 'startTls':
          this.#handshake = true
          break
        case 'log':
          this.#log[action.level](action.event, action.fields)
          break
        case 'close':
          this.#closing = true
          break
        default:
          action satisfies never
      }
    }
  }

  /** `false`: the client does not read, or is gone; the session is over. */
  async #flush(): Promise<boolean> {
    const text = this.#pending
    this.#pending = ''
    if (await this.#wire.write(text, WRITE_MS)) return true
    this.#closing = true
    this.#wire.destroy()
    return false
  }

  async #hold(ms: number): Promise<undefined> {
    if (this.#stopping || !(await this.#flush())) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#parts.clock.after(ms, resolve)
    this.#goOn = resolve
    await promise
    cancel()
    return undefined
  }

  #awaitSignIn(): void {
    this.#deadline = this.#parts.clock.monotonic() + this.#settings.signInTimeout
  }

  get #settings() {
    return this.#session.context.settings.managesieve
  }
}
