// SPDX-License-Identifier: Apache-2.0
/** A client on a real socket that does what the client of a hypothetical session would do, and keeps what it hears. */
import { isIPv6 } from 'node:net'
import type { Scenario } from '../../src/hypothetical/scenario.ts'
import { clientExchange } from '../../src/sasl/client.ts'
import { Peer } from '../conversations/peer.ts'

export interface Heard {
  readonly step: string
  readonly replies: readonly string[]
  readonly closes?: true
}

/** @param port of the listener; it believes the PROXY header of this client */
export async function talk(scenario: Scenario, port: number): Promise<readonly Heard[]> {
  await using peer = await Peer.connect(port)
  return await new Conversation(peer, scenario).run()
}

class Conversation {
  readonly #peer: Peer
  readonly #scenario: Scenario
  readonly #heard: { step: string; replies: string[]; closes?: true }[] = []
  #mechanisms: readonly string[] = []
  #closed = false

  constructor(peer: Peer, scenario: Scenario) {
    this.#peer = peer
    this.#scenario = scenario
  }

  async run(): Promise<readonly Heard[]> {
    const { ip, serverIp = '', clientPort, port, helo, tls, login, from, to, listener } = this.#scenario
    const family = isIPv6(ip) ? 'TCP6' : 'TCP4'
    await this.#say('connect', `PROXY ${family} ${ip} ${serverIp} ${clientPort} ${port}`)
    if (this.#closed) return this.#heard
    const hello = `${listener === 'lmtp' ? 'LHLO' : 'EHLO'} ${helo ?? `[${isIPv6(ip) ? `IPv6:${ip}` : ip}]`}`
    await this.#hello(hello)
    if (tls === true && !this.#closed && (await this.#say('starttls', 'STARTTLS')).startsWith('2')) {
      await this.#peer.startTls()
      await this.#hello(hello)
    }
    if (login !== undefined && !this.#closed) await this.#signIn(login)
    if (from !== undefined && !this.#closed) await this.#mail(from, to)
    if (!this.#closed) {
      await this.#say('quit', 'QUIT')
      await this.#peer.rest()
      if (!this.#closed) this.#ends('quit')
    }
    return this.#heard
  }

  async #mail(from: string, to: readonly string[]): Promise<void> {
    const { mailParameters, content } = this.#scenario
    const ascii = [from, ...to].every((path) => /^[\x20-\x7e]*$/.test(path))
    const parameters = [mailParameters, ascii ? undefined : 'SMTPUTF8'].filter((each) => each !== undefined)
    if (!(await this.#say('mail', [`MAIL FROM:<${from}>`, ...parameters].join(' '))).startsWith('2')) return
    let accepted = 0
    for (const path of to) {
      if ((await this.#say('rcpt', `RCPT TO:<${path}>`)).startsWith('2')) accepted++
      if (this.#closed) return
    }
    if (accepted === 0 || !(await this.#say('data', 'DATA')).startsWith('354')) return
    await this.#peer.send(Buffer.from(`${(content ?? '').toString().replace(/^\./gm, '..')}.\r\n`))
    for (let i = 0; i < (this.#scenario.listener === 'lmtp' ? accepted : 1) && !this.#closed; i++)
      await this.#hear('content', i > 0)
  }

  async #hello(hello: string): Promise<void> {
    const reply = await this.#say('hello', hello)
    this.#mechanisms = /AUTH ([^/]*)/.exec(reply)?.[1]?.trim().split(' ') ?? []
  }

  async #signIn(login: string): Promise<void> {
    const mechanism =
      (['PLAIN', 'LOGIN', 'SCRAM-SHA-256'] as const).find((each) => this.#mechanisms.includes(each)) ?? 'PLAIN'
    const client = clientExchange(mechanism, { login, password: 'secret', nonce: 'anything' })
    const initial = mechanism === 'PLAIN' ? ` ${client.step(undefined).toString('base64')}` : ''
    let reply = await this.#say('auth', `AUTH ${mechanism}${initial}`)
    while (reply.startsWith('334')) {
      this.#heard.pop()
      reply = await this.#say('auth', client.step(Buffer.from(reply.slice(4), 'base64')).toString('base64'))
    }
  }

  async #say(step: string, line: string): Promise<string> {
    await this.#peer.send(Buffer.from(`${line}\r\n`))
    return await this.#hear(step, false)
  }

  /** @param more the reply belongs to the step before */
  async #hear(step: string, more: boolean): Promise<string> {
    let reply: string
    try {
      reply = told((await this.#peer.reply()).raw)
    } catch (error) {
      if (!/closed without a reply/.test(String(error))) throw error
      this.#ends(step)
      return ''
    }
    const last = this.#heard.at(-1)
    if (more && last !== undefined) last.replies.push(reply)
    else this.#heard.push({ step, replies: [reply] })
    return reply
  }

  /** No answer to a command: what was said before was the last. Nothing was: the connection itself was turned away. */
  #ends(step: string): void {
    this.#closed = true
    const last = this.#heard.at(-1)
    if (last === undefined) this.#heard.push({ step, replies: [], closes: true })
    else last.closes = true
  }
}

/** As the server describes a reply: code and status once, lines behind each other. */
function told(raw: string): string {
  const lines = raw.split('\n').map((line) => /^(\d{3})(?:[ -]|$)(?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)$/.exec(line))
  const [first] = lines
  if (first === null || first === undefined) return raw
  const status = first[2] === undefined ? '' : `${first[2]} `
  return `${first[1]} ${status}${lines.map((line) => line?.[3] ?? '').join(' / ')}`
}
