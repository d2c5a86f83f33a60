// SPDX-License-Identifier: Apache-2.0
/**
 * From a connection to a session that takes mail: greeting, EHLO (LHLO for LMTP, RFC 2033; HELO where EHLO is not
 * known), STARTTLS (RFC 3207), AUTH (RFC 4954).
 */
import { randomBytes } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import { isLoopback } from '../address/network.ts'
import type { Clock } from '../clock/clock.ts'
import { type ClientExchange, type ClientMechanism, clientExchange, SaslRefused } from '../sasl/client.ts'
import { decodeBase64 } from '../sasl/messages.ts'
import { type Extensions, NO_EXTENSIONS, parseExtensions } from '../smtp/extensions.ts'
import type { ParsedReply } from '../smtp/reply-parser.ts'
import { ClientConnection, type Endpoint } from './connection.ts'
import type { Deadline } from './deadline.ts'
import { ConnectionFailure } from './failure.ts'
import { TIMEOUTS } from './timeouts.ts'

export interface SessionOptions {
  readonly endpoint: Endpoint
  /** The name we greet with. */
  readonly hostname: string
  readonly lmtp: boolean
  readonly tls: 'never' | 'opportunistic' | 'required'
  /** The name a certificate must have; for `required`. */
  readonly serverName: string
  /** PEM; instead of the system's. */
  readonly ca?: string
  readonly login?: { readonly user: string; readonly password: string }
  readonly connectTimeoutMs: number
  readonly clock: Clock
  readonly deadline: Deadline
}

/** A reply that keeps the session from being. */
export class SessionRefused extends Error {
  override readonly name = 'SessionRefused'
  readonly reply: ParsedReply
  readonly during: string
  constructor(during: string, reply: ParsedReply) {
    super(`${during}: ${formatParsed(reply)}`)
    this.reply = reply
    this.during = during
  }
}

/** One line, as RFC 3464 wants it in a diagnostic code. */
export function formatParsed({ code, enhanced, lines }: ParsedReply): string {
  const text = lines.length === 1 ? lines[0] : lines.join(' ')
  const status = enhanced === undefined ? '' : `${Math.trunc(code / 100)}.${enhanced} `
  return `${code} ${status}${text}`.trim().slice(0, 1000)
}

export interface ClientSession {
  readonly connection: ClientConnection
  readonly extensions: Extensions
  readonly lmtp: boolean
  /** Messages sent so far. */
  messages: number
}

/** In TIMEOUTS.session at most. @throws ConnectionFailure, SessionRefused */
export async function openSession(given: SessionOptions): Promise<ClientSession> {
  using deadline = given.deadline.part('opening the session', TIMEOUTS.session)
  const options = { ...given, deadline }
  try {
    return await open(options, options.tls)
  } catch (error) {
    // RFC 7435: opportunistic security is better than none, and none better than no mail.
    if (options.tls === 'opportunistic' && error instanceof ConnectionFailure && error.kind === 'tls')
      return await open(options, 'never')
    throw error
  }
}

async function open(options: SessionOptions, tls: SessionOptions['tls']): Promise<ClientSession> {
  const { connectTimeoutMs: timeoutMs, deadline, clock } = options
  const connection = await ClientConnection.connect(options.endpoint, { timeoutMs, deadline, clock })
  try {
    const greeting = await connection.reply(TIMEOUTS.greeting)
    if (greeting.code !== 220) throw new SessionRefused('greeting', greeting)
    let extensions = await hello(connection, options)
    if (tls !== 'never' && extensions.starttls) extensions = await secure(connection, options, tls)
    else if (tls === 'required')
      throw new ConnectionFailure('tls', `${connection.peer} offers no TLS, and it is required`)
    if (options.login !== undefined) await signIn(connection, extensions, options.login, options)
    return { connection, extensions, lmtp: options.lmtp, messages: 0 }
  } catch (error) {
    connection.destroy()
    throw error
  }
}

const command = (connection: ClientConnection, line: string): Promise<ParsedReply> =>
  connection.command(line, TIMEOUTS.command)

async function hello(connection: ClientConnection, { hostname, lmtp }: SessionOptions): Promise<Extensions> {
  const reply = await command(connection, `${lmtp ? 'LHLO' : 'EHLO'} ${hostname}`)
  if (reply.code === 250) return parseExtensions(reply.lines.slice(1))
  // RFC 5321 §3.2: a server that does not know EHLO is asked again with HELO.
  if (lmtp || (reply.code !== 500 && reply.code !== 502 && reply.code !== 504 && reply.code !== 550))
    throw new SessionRefused(lmtp ? 'LHLO' : 'EHLO', reply)
  const old = await command(connection, `HELO ${hostname}`)
  if (old.code !== 250) throw new SessionRefused('HELO', old)
  return NO_EXTENSIONS
}

async function secure(
  connection: ClientConnection,
  options: SessionOptions,
  tls: 'opportunistic' | 'required',
): Promise<Extensions> {
  const { serverName, ca, endpoint } = options
  const reply = await command(connection, 'STARTTLS')
  if (reply.code !== 220) {
    // 421 speaks of more than TLS (RFC 5321 §3.8): in the clear it would be no better.
    if (tls === 'required' || reply.code === 421) throw new SessionRefused('STARTTLS', reply)
    throw new ConnectionFailure('tls', `${connection.peer} took STARTTLS back: ${formatParsed(reply)}`)
  }
  const required = tls === 'required'
  await connection.startTls(
    {
      servername: serverName,
      // What a certificate must name where the next hop is an address (RFC 5280 §4.2.1.6); else Node asks for `localhost`.
      ...('address' in endpoint ? { host: endpoint.address } : {}),
      rejectUnauthorized: required,
      ...(required ? { ca: ca ?? trusted() } : {}),
      minVersion: required ? 'TLSv1.2' : 'TLSv1',
    },
    TIMEOUTS.command,
  )
  // RFC 3207 §4.2: what was said in the clear is forgotten.
  return await hello(connection, options)
}

/** The system's certificate authorities; Node's own list where the system has none. */
function trusted(): string[] {
  const system = getCACertificates('system')
  return system.length > 0 ? system : getCACertificates('bundled')
}

const PREFERRED: readonly ClientMechanism[] = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']

/** Challenges of an exchange, one more for servers that pass over the initial response (RFC 4954 §4). */
const MAX_CHALLENGES: Readonly<Record<ClientMechanism, number>> = { 'SCRAM-SHA-256': 3, PLAIN: 1, LOGIN: 2 }

async function signIn(
  connection: ClientConnection,
  { auth }: Extensions,
  login: { readonly user: string; readonly password: string },
  { endpoint }: SessionOptions,
): Promise<void> {
  const loopback = 'socket' in endpoint || isLoopback(endpoint.address)
  const mechanism = PREFERRED.find((name) => auth.includes(name))
  if (mechanism === undefined)
    throw new ConnectionFailure('protocol', `${connection.peer} offers no way to sign in that we know`)
  if (connection.secure === undefined && !loopback)
    throw new ConnectionFailure('tls', `${connection.peer}: passwords go over TLS alone`)
  const exchange = clientExchange(mechanism, {
    login: login.user,
    password: login.password,
    nonce: randomBytes(18).toString('base64'),
  })
  // SASL-IR, RFC 4954 §4; LOGIN has no initial response that all servers take.
  const first = mechanism === 'LOGIN' ? '' : ` ${encode(exchange.step(undefined))}`
  let reply = await command(connection, `AUTH ${mechanism}${first}`)
  for (let challenges = 1; reply.code === 334; challenges++) {
    if (challenges > MAX_CHALLENGES[mechanism])
      throw new ConnectionFailure('protocol', `${connection.peer}: the exchange of ${mechanism} has no end`)
    reply = await command(connection, respond(exchange, reply, connection.peer))
  }
  if (reply.code !== 235) throw new SessionRefused('AUTH', reply)
  if (mechanism === 'SCRAM-SHA-256' && !exchange.verified)
    throw new ConnectionFailure('protocol', `${connection.peer} did not prove that it knows the password`)
}

/** The answer to one challenge. @throws ConnectionFailure when the server does not follow the mechanism */
function respond(exchange: ClientExchange, { lines }: ParsedReply, peer: string): string {
  const challenge = lines.length === 1 ? decodeBase64((lines[0] ?? '').trim()) : undefined
  if (challenge === undefined) throw new ConnectionFailure('protocol', `${peer}: a challenge that is no base64`)
  try {
    return exchange.step(challenge).toString('base64')
  } catch (error) {
    if (error instanceof SaslRefused) throw new ConnectionFailure('protocol', `${peer}: ${error.message}`)
    throw error
  }
}

const encode = (bytes: Buffer): string => (bytes.length === 0 ? '=' : bytes.toString('base64'))
