// SPDX-License-Identifier: Apache-2.0
/** A session that somebody asks about: who connects, what they say. Plain data; read from options or from JSON. */
import { isIP } from 'node:net'
import { asRecord } from './json.ts'

export interface Scenario {
  /** Address of the client. */
  readonly ip: string
  /** Port of the client; 40000 unless given. */
  readonly clientPort?: number
  /** Name of the listener; unless given the one on `port`, else the one that fits best. */
  readonly listener?: string
  /** Port the client connects to; the listener's unless given. */
  readonly port?: number
  /** Address the client connects to; the listener's, where it has one, unless given. */
  readonly serverIp?: string
  /** What the client calls itself; its address in brackets unless given. */
  readonly helo?: string
  /** The session is under TLS: by STARTTLS, or from the first octet on a listener where that is so. */
  readonly tls?: boolean
  /** Signed in as this user; no password is asked for. */
  readonly login?: string
  /** Between the brackets of MAIL FROM; empty for the null sender. Absent: no mail is sent. */
  readonly from?: string
  /** Behind them, such as `SIZE=1000`. */
  readonly mailParameters?: string
  /** Between the brackets of RCPT TO, one command each. */
  readonly to: readonly string[]
  /** The message, header and body. A small one unless given. */
  readonly content?: string | Uint8Array
}

/** What is wrong with a scenario: one sentence for whoever wrote it. */
export class BadScenario extends Error {
  override readonly name = 'BadScenario'
}

/** More recipients than any limit lets through are of no use to anybody. */
const MAX_RECIPIENTS = 100_000

const KNOWN: ReadonlySet<string> = new Set<keyof Scenario>([
  'ip',
  'clientPort',
  'listener',
  'port',
  'serverIp',
  'helo',
  'tls',
  'login',
  'from',
  'mailParameters',
  'to',
  'content',
])

/** @throws BadScenario */
export function parseScenario(value: unknown): Scenario {
  const record = asRecord(value)
  if (record === undefined) throw new BadScenario('a session is an object: {"ip":"192.0.2.1","from":"…","to":["…"]}')
  for (const name of Object.keys(record))
    if (!KNOWN.has(name)) throw new BadScenario(`a session has no "${name}"; it may have ${[...KNOWN].join(', ')}`)
  const text = (name: keyof Scenario): string | undefined => {
    const given = record[name]
    if (given === undefined) return undefined
    if (typeof given !== 'string') throw new BadScenario(`"${name}" is to be a text`)
    return given
  }
  const to = typeof record['to'] === 'string' ? [record['to']] : (record['to'] ?? [])
  if (!isTexts(to)) throw new BadScenario('"to" is to be a list of texts')
  const { tls } = record
  if (tls !== undefined && typeof tls !== 'boolean') throw new BadScenario('"tls" is to be true or false')
  const ip = text('ip')
  if (ip === undefined) throw new BadScenario('a session needs the "ip" of its client')
  return checkScenario({
    ip,
    to,
    ...optional('clientPort', portOf(record, 'clientPort')),
    ...optional('port', portOf(record, 'port')),
    ...optional('listener', text('listener')),
    ...optional('serverIp', text('serverIp')),
    ...optional('helo', text('helo')),
    ...optional('login', text('login')),
    ...optional('from', text('from')),
    ...optional('mailParameters', text('mailParameters')),
    ...optional('content', text('content')),
    ...optional('tls', tls),
  })
}

/** The same scenario. @throws BadScenario */
export function checkScenario(scenario: Scenario): Scenario {
  const { ip, serverIp, helo, from, mailParameters, login, to } = scenario
  if (isIP(ip) === 0) throw new BadScenario(`"${ip}" is no IP address`)
  if (serverIp !== undefined && isIP(serverIp) === 0) throw new BadScenario(`"${serverIp}" is no IP address`)
  if (to.length > MAX_RECIPIENTS) throw new BadScenario(`more than ${MAX_RECIPIENTS} recipients`)
  if (to.length > 0 && from === undefined) throw new BadScenario('recipients without a sender: say "from", "" for <>')
  for (const said of [helo, from, mailParameters, login, ...to])
    if (said !== undefined && /[\r\n\0]/.test(said))
      throw new BadScenario('a line end, or a NUL, in what the client says')
  return scenario
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

function portOf(record: Readonly<Record<string, unknown>>, name: 'port' | 'clientPort'): number | undefined {
  const given = record[name]
  if (given === undefined) return undefined
  if (typeof given !== 'number' || !Number.isInteger(given) || given < 0 || given > 65_535)
    throw new BadScenario(`"${name}" is to be a number from 0 to 65535`)
  return given
}

const optional = <K extends string, V>(name: K, value: V | undefined): { readonly [N in K]?: V } =>
  value === undefined ? {} : ({ [name]: value } as { readonly [N in K]: V })
