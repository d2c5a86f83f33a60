// SPDX-License-Identifier: Apache-2.0
/**
 * One ManageSieve session, RFC 5804: pure. It is told what arrived (a line, the end of a handshake), asks what it needs
 * to know, and returns actions for its host (connection.ts). No socket, clock, disk or log in here.
 *
 * A command is refused by throwing `Refusal`, caught in one place: `line`. Anything else that is thrown is a bug; the
 * host ends the session with `fault()`.
 */
import { isLoopback } from '../address/network.ts'
import { type Action, CLOSE, say } from './action.ts'
import { argumentsOf } from './commands/arguments.ts'
import { continueSignIn } from './commands/authenticate.ts'
import { capabilities } from './commands/capability.ts'
import { COMMANDS, isCommand } from './commands/table.ts'
import type { Context, Conversation, SessionSetting, State } from './conversation.ts'
import type { Line, ReaderLimits } from './grammar.ts'
import { readerLimits } from './limits.ts'
import type { SessionAsking } from './questions.ts'
import { BadCommand, bye, no, Refusal, type Reply } from './reply.ts'

export class Session implements Conversation {
  state: State = { at: 'ready' }
  context: Context
  readonly setting: SessionSetting
  failedSignIns = 0
  #badCommands = 0

  constructor(context: Context, setting: SessionSetting) {
    this.context = context
    this.setting = setting
  }

  /** What may come next: scripts only of who has signed in. */
  get readerLimits(): ReaderLimits {
    return readerLimits(this.context.account !== undefined, this.context.settings.managesieve.scriptSize)
  }

  /** Nobody who listens on the way reads what is said: TLS, or a client on this machine where the site takes that. */
  get shielded(): boolean {
    const { tls, client, settings } = this.context
    return tls !== undefined || (settings.sasl.plaintextOnLoopback && isLoopback(client.address))
  }

  /** RFC 5804 §1.7: the greeting is the answer to CAPABILITY. */
  greet(): readonly Action[] {
    return capabilities(this, 'ManageSieve ready')
  }

  /** The handshake is done; RFC 5804 §2.2: capabilities are told again. */
  tlsStarted(tls: { readonly version: string; readonly cipher: string }): readonly Action[] {
    if (this.state.at !== 'handshake') throw new Error(`TLS started in state ${this.state.at}`)
    this.state = { at: 'ready' }
    this.context = { ...this.context, tls }
    return capabilities(this, 'TLS negotiation successful')
  }

  *line(line: Line): SessionAsking<readonly Action[]> {
    const { state } = this
    try {
      if (line.kind === 'fatal') return this.end(bye(`Cannot read that: ${line.why}`))
      if (state.at === 'signing-in') {
        this.state = { at: 'ready' }
        return yield* continueSignIn(this, state, line)
      }
      if (line.kind === 'bad') throw new BadCommand(no(`Syntax error: ${line.why}`))
      const [first, ...given] = line.words
      const name = first?.kind === 'atom' ? first.text.toUpperCase() : ''
      if (!isCommand(name)) throw new BadCommand(no('Not a command'))
      const command = COMMANDS[name]
      if (command.needs === 'account' && this.context.account === undefined)
        throw new Refusal(no('Sign in first', this.shielded ? undefined : 'ENCRYPT-NEEDED'))
      if (command.needs === 'no account' && this.context.account !== undefined)
        throw new Refusal(no('Not when signed in'))
      return yield* command.run(this, argumentsOf(name, command, given))
    } catch (error) {
      if (error instanceof Refusal) return this.#refuse(error)
      throw error
    }
  }

  /** Too slow, or stays away for too long. RFC 5804 §1.2: BYE says why. */
  timeout(): readonly Action[] {
    return this.end(bye('Closed for inactivity'))
  }

  shutDown(): readonly Action[] {
    return this.end(bye('Server is shutting down', 'TRYLATER'))
  }

  /** A bug of ours ended a command. */
  fault(): readonly Action[] {
    return this.end(bye('Internal error', 'TRYLATER'))
  }

  end(reply: Reply): readonly Action[] {
    if (this.state.at === 'closed') return []
    this.state = { at: 'closed' }
    return [say(reply), CLOSE]
  }

  #refuse(refusal: Refusal): readonly Action[] {
    const { reply, cause } = refusal
    const log: readonly Action[] =
      cause === undefined
        ? []
        : [{ do: 'log', level: 'warn', event: 'managesieve.refused', fields: { reply: reply.text, cause } }]
    // Who has signed in may ask about wrong scripts all day, as editors do.
    if (refusal instanceof BadCommand || this.context.account === undefined) this.#badCommands++
    const over = this.#badCommands > this.context.settings.limits.badCommands
    return [...log, ...(over ? this.end(bye('Too many bad commands')) : [say(reply)])]
  }
}
