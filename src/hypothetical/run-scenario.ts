// SPDX-License-Identifier: Apache-2.0
/**
 * Drives the session of the SMTP server (smtp-server/session.ts) through a scenario, without a socket: the same
 * commands, the same stages, the same trace as a client on the wire would meet. RFC 5321 §3, RFC 3207, RFC 4954, RFC 2033.
 *
 * The client of a scenario goes on as far as a real one would: no RCPT behind a refused MAIL, no content without an
 * accepted recipient. What is not modelled: time limits, pipelining, chunks.
 */
import { isIPv6 } from 'node:net'
import { type Asking, drive } from '../ask/ask.ts'
import type { Trace } from '../policy/trace.ts'
import { clientExchange } from '../sasl/client.ts'
import { describeReply, type Reply } from '../smtp/reply.ts'
import type { Action, ContentRules } from '../smtp-server/action.ts'
import { ContentIntake } from '../smtp-server/content-intake.ts'
import { Session } from '../smtp-server/session.ts'
import { transactionOf } from '../smtp-server/state.ts'
import { contentOctets, unstoredDraft } from './content.ts'
import { CopiedWorld } from './copied-world.ts'
import type { Exchange, Hypothesis, OtherTables } from './hypothesis.ts'
import { outcomeOf } from './outcome.ts'
import { checkScenario, type Scenario } from './scenario.ts'
import { mechanismFor, PASSWORD } from './sign-in.ts'
import { type Site, sessionContext } from './site.ts'

/** @throws BadScenario */
export async function runScenario(scenario: Scenario, site: Site): Promise<Hypothesis> {
  const dialogue = new Dialogue(checkScenario(scenario), site)
  await dialogue.run()
  return dialogue.result()
}

/** TLS as most sessions have it. */
const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

class Dialogue {
  readonly #scenario: Scenario
  readonly #session: Session
  readonly #world: CopiedWorld
  readonly #exchanges: Exchange[] = []
  readonly #traces: Trace[] = []
  readonly #now: () => number
  /** Replies to the command at hand. */
  #replies: Reply[] = []
  #rules: ContentRules | undefined
  #handshake = false
  #closed = false
  readonly #site: Site
  /** Set where the command at hand refuses a recipient. */
  #theRest: (() => Asking<OtherTables>) | undefined

  constructor(scenario: Scenario, site: Site) {
    this.#scenario = scenario
    this.#site = site
    this.#now = site.now
    this.#world = new CopiedWorld(site.reads, site.callOuts())
    this.#session = new Session(sessionContext(site, scenario), {
      newMessageId: () => site.ids.message(),
      now: site.now,
      elapsed: site.elapsed,
      tlsAvailable: () => site.tls,
      refusedRecipient: (theRest) => {
        this.#theRest = theRest
      },
    })
  }

  async run(): Promise<void> {
    const { helo, tls, login, from, to } = this.#scenario
    await this.#step('connect', undefined, this.#session.connect())
    if (this.#handshake) await this.#startTls('connect')
    if (this.#closed) return
    await this.#hello(helo)
    if (tls === true && this.#session.context.tls === undefined && !this.#closed) {
      await this.#say('starttls', 'STARTTLS')
      if (this.#handshake) {
        await this.#startTls('starttls')
        await this.#hello(helo)
      }
    }
    if (login !== undefined && !this.#closed) await this.#signIn(login)
    if (from !== undefined && !this.#closed) await this.#mail(from, to)
    if (!this.#closed) await this.#say('quit', 'QUIT')
  }

  result(): Hypothesis {
    // A client that was never refused by a stage, nor sent mail, leaves no trace; here somebody wants to see it.
    const { connectionTrace } = this.#session
    const traces = this.#traces.length > 0 ? this.#traces : [connectionTrace.finish('abandoned')]
    const world = this.#world
    return {
      revision: this.#session.context.revision.id,
      ...outcomeOf(this.#scenario, this.#exchanges, traces, world.envelope),
      exchanges: this.#exchanges,
      effects: world.effects,
      traces,
    }
  }

  async #hello(helo: string | undefined): Promise<void> {
    const { ip } = this.#scenario
    // RFC 5321 §4.1.3
    const name = helo ?? `[${isIPv6(ip) ? `IPv6:${ip}` : ip}]`
    const verb = this.#session.context.service === 'lmtp' ? 'LHLO' : 'EHLO'
    await this.#say('hello', `${verb} ${name}`)
  }

  async #mail(from: string, to: readonly string[]): Promise<void> {
    const { mailParameters } = this.#scenario
    const ascii = [from, ...to].every((path) => /^[\x20-\x7e]*$/.test(path))
    const parameters = [mailParameters, ascii ? undefined : 'SMTPUTF8'].filter((each) => each !== undefined)
    await this.#say('mail', [`MAIL FROM:<${from}>`, ...parameters].join(' '))
    if (this.#closed || transactionOf(this.#session.state) === undefined) return
    for (const path of to) {
      await this.#say('rcpt', `RCPT TO:<${path}>`)
      if (this.#closed) return
    }
    if ((transactionOf(this.#session.state)?.acceptedCommands.length ?? 0) === 0) return
    await this.#say('data', 'DATA')
    const rules = this.#rules
    if (rules === undefined || this.#closed) return
    const intake = new ContentIntake('data', rules, unstoredDraft)
    await intake.push(contentOctets(this.#scenario, this.#now())).kept
    this.#world.content = (most) => intake.beginning(most)
    await this.#step('content', undefined, this.#session.content(await intake.whole()))
  }

  async #signIn(login: string): Promise<void> {
    const mechanism = mechanismFor(this.#session.context)
    const client = clientExchange(mechanism, { login, password: PASSWORD, nonce: 'hypothetical' })
    const said = `AUTH ${mechanism} (as ${login})`
    // PLAIN's answer may come with the command (RFC 4954 §4); the others ask for theirs.
    const initial = mechanism === 'PLAIN' ? ` ${client.step(undefined).toString('base64')}` : ''
    await this.#say('auth', `AUTH ${mechanism}${initial}`, said)
    while (this.#session.state.at === 'auth' && !this.#closed) {
      const challenge = Buffer.from(this.#exchanges.pop()?.replies.at(-1)?.slice('334 '.length) ?? '', 'base64')
      await this.#say('auth', client.step(challenge).toString('base64'), said)
    }
  }

  async #startTls(step: 'connect' | 'starttls'): Promise<void> {
    this.#handshake = false
    const before = step === 'starttls' ? this.#exchanges.pop() : undefined
    await this.#step(step, before?.said, this.#session.tlsStarted(TLS), before?.replies)
  }

  async #say(step: Exchange['step'], line: string, shown = line): Promise<void> {
    await this.#step(step, shown, this.#session.line({ kind: 'line', bytes: Buffer.from(line) }))
  }

  async #step(
    step: Exchange['step'],
    said: string | undefined,
    asking: Asking<readonly Action[]>,
    before: readonly string[] = [],
  ): Promise<void> {
    this.#replies = []
    this.#rules = undefined
    this.#theRest = undefined
    const onFact = (fact: Parameters<Session['trace']['fact']>[0]): void => this.#session.trace.fact(fact)
    this.#perform(await drive(asking, this.#world.host, { onFact }))
    const otherTables = await this.#otherTables()
    this.#exchanges.push({
      step,
      ...(said === undefined ? {} : { said }),
      replies: [...before, ...this.#replies.map(describeReply)],
      ...(this.#closed ? { closes: true } : {}),
      ...(otherTables.length === 0 ? {} : { otherTables }),
    })
  }

  /** Asked in a world of their own: what they would do there is done nowhere, and nobody counts it. */
  async #otherTables(): Promise<OtherTables> {
    if (this.#theRest === undefined) return []
    const { reads, callOuts } = this.#site
    return await drive(this.#theRest(), new CopiedWorld(reads, callOuts()).host)
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'reply':
          // PORT_ACCESS may close without a word (spec access-control.md 4).
          if (action.reply.raw !== '') this.#replies.push(action.reply)
          break
        case 'readContent':
          this.#rules = action.rules
          break
        case 'startTls':
          this.#handshake = true
          break
        case 'record':
          this.#traces.push(action.trace)
          break
        case 'close':
          this.#closed = true
          break
        case 'readChunk':
        case 'dropContent':
        case 'accepted':
        case 'log':
          break
        default:
          action satisfies never
      }
    }
  }
}
