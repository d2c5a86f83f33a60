// SPDX-License-Identifier: Apache-2.0
/**
 * Conversation files: what a client sends and what a server must answer, one directive a line.
 *
 *   # text                    comment; the RFC sections a file is about stand in its first lines
 *   # config: PATH: VALUE     a setting for this file, PATH with dots: `limits.badCommands: 2`
 *   # mappings: LINE          one line of the mapping tables, as it stands behind the blank
 *   # filter: USER: SCRIPT    the personal filter of a user
 *   # service: NAME           smtp (default), submission, submissions, lmtp
 *   # client: ADDRESS         connect from this loopback address (default 127.0.0.1)
 *   # whole-only: WHY         do not cut the client's octets in pieces
 *   # postfix: differs: WHY   another server may answer differently: for the whole file, or at the end of a line
 *   C: a | b                  lines to send, each with CRLF, all in one write
 *   C<< octets                octets to send; escapes \r \n \t \\ \xHH, and \{N*x} for N times x
 *   S: 250 2.1.0 | 354        replies, in order: code, then the start of the enhanced code, then /regex/ for the text
 *   TLS                       shake hands now
 *   SHUT                      the client sends no more, and reads on
 *   CLOSED                    the server closes the connection
 *   QUEUED n                  so many messages are in the queue
 *   CONTENT octets            the message queued last has exactly this content (escapes as above)
 *   ADDED octets              exactly this was put on top of the message queued last, apart from Received:
 *   RECEIVED /regex/          the Received: field of the message queued last, unfolded
 *   SENT-TO a b               recipients of the message queued last, as address→channel
 *   OUTCOMES a b              outcomes of the traces so far, in order
 */

export interface ExpectedReply {
  readonly code: string
  readonly enhanced?: string
  readonly text?: RegExp
}

export type Step = { readonly line: number; readonly differs?: string } & (
  | { readonly do: 'send'; readonly octets: Buffer }
  | { readonly do: 'expect'; readonly replies: readonly ExpectedReply[] }
  | { readonly do: 'tls' | 'shut' | 'closed' }
  | { readonly do: 'queued'; readonly count: number }
  | { readonly do: 'content' | 'added'; readonly octets: Buffer }
  | { readonly do: 'received'; readonly field: RegExp }
  | { readonly do: 'sentTo'; readonly recipients: readonly string[] }
  | { readonly do: 'outcomes'; readonly outcomes: readonly string[] }
)

export interface Script {
  readonly name: string
  readonly cites: readonly string[]
  readonly config: readonly (readonly [path: string, value: string])[]
  /** Text of the mapping tables. */
  readonly mappings: string
  /** Scripts by local part. */
  readonly filters: ReadonlyMap<string, string>
  readonly service: 'smtp' | 'submission' | 'submissions' | 'lmtp'
  readonly client: string
  readonly wholeOnly?: string
  readonly differs?: string
  readonly steps: readonly Step[]
}

/** @throws Error with the line number for a line that is no directive */
export function parseScript(name: string, text: string): Script {
  const steps: Step[] = []
  const config: [string, string][] = []
  const mappings: string[] = []
  const filters = new Map<string, string>()
  const head = new Map<string, string>()
  text.split('\n').forEach((raw, index) => {
    const line = index + 1
    if (raw.trim() === '') return
    if (raw.startsWith('# mappings:')) {
      mappings.push(raw.slice('# mappings: '.length))
      return
    }
    if (raw.startsWith('#')) {
      const found = /^# (config|filter|service|client|whole-only|postfix): (.*)$/.exec(raw)
      if (found?.[1] === undefined || found[2] === undefined) return
      if (found[1] !== 'config' && found[1] !== 'filter') head.set(found[1], found[2].trim())
      else {
        const setting = /^(\S+): (.*)$/.exec(found[2])
        if (setting?.[1] === undefined || setting[2] === undefined) throw new Error(`${name}:${line}: bad ${found[1]}`)
        if (found[1] === 'config') config.push([setting[1], setting[2]])
        else filters.set(setting[1], setting[2])
      }
      return
    }
    const marked = /^(.*?)\s+# postfix: differs: (.*)$/.exec(raw)
    const differs = marked?.[2] === undefined ? {} : { differs: marked[2] }
    steps.push({ line, ...differs, ...parseStep(`${name}:${line}`, marked?.[1] ?? raw) })
  })
  const service = head.get('service') ?? 'smtp'
  if (service !== 'smtp' && service !== 'submission' && service !== 'submissions' && service !== 'lmtp')
    throw new Error(`${name}: no service ${service}`)
  const wholeOnly = head.get('whole-only')
  const differs = head.get('postfix')
  return {
    name,
    cites: [...new Set(text.match(/RFC \d+ §[\d.]+/g) ?? [])],
    config,
    mappings: mappings.map((row) => `${row}\n`).join(''),
    filters,
    service,
    client: head.get('client') ?? '127.0.0.1',
    ...(wholeOnly === undefined ? {} : { wholeOnly }),
    ...(differs === undefined ? {} : { differs }),
    steps,
  }
}

type StepBody = Step extends infer S ? (S extends Step ? Omit<S, 'line' | 'differs'> : never) : never

function parseStep(where: string, text: string): StepBody {
  const [word = '', ...rest] = text.split(' ')
  const argument = rest.join(' ')
  switch (word) {
    case 'C:': {
      const lines = argument.split(' | ').map((line) => `${line}\r\n`)
      return { do: 'send', octets: Buffer.from(lines.join('')) }
    }
    case 'C<<':
      return { do: 'send', octets: unescapeOctets(argument) }
    case 'S:':
      return { do: 'expect', replies: argument.split(' | ').map((reply) => parseExpected(where, reply.trim())) }
    case 'TLS':
      return { do: 'tls' }
    case 'SHUT':
      return { do: 'shut' }
    case 'CLOSED':
      return { do: 'closed' }
    case 'QUEUED':
      return { do: 'queued', count: Number(argument) }
    case 'CONTENT':
      return { do: 'content', octets: unescapeOctets(argument) }
    case 'ADDED':
      return { do: 'added', octets: unescapeOctets(argument) }
    case 'RECEIVED':
      return { do: 'received', field: new RegExp(argument.slice(1, -1)) }
    case 'SENT-TO':
      return { do: 'sentTo', recipients: argument.split(' ').filter(Boolean) }
    case 'OUTCOMES':
      return { do: 'outcomes', outcomes: argument.split(' ').filter(Boolean) }
    default:
      throw new Error(`${where}: ${word} is no directive`)
  }
}

function parseExpected(where: string, text: string): ExpectedReply {
  const found = /^(\d{3})(?: ([245]\.[\d.]+))?(?: \/(.*)\/)?$/.exec(text)
  if (found?.[1] === undefined) throw new Error(`${where}: ${JSON.stringify(text)} is no reply`)
  return {
    code: found[1],
    ...(found[2] === undefined ? {} : { enhanced: found[2] }),
    ...(found[3] === undefined ? {} : { text: new RegExp(found[3], 's') }),
  }
}

export function unescapeOctets(text: string): Buffer {
  const pieces: Buffer[] = []
  const pattern = /\\(?:x([0-9a-fA-F]{2})|\{(\d+)\*([^}]*)\}|(.))|([^\\]+)/gs
  const simple: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' }
  for (const [, hex, times, what, letter, plain] of text.matchAll(pattern)) {
    if (hex !== undefined) pieces.push(Buffer.from(hex, 'hex'))
    else if (times !== undefined) {
      const unit = unescapeOctets(what ?? '')
      pieces.push(Buffer.alloc(Number(times) * unit.length, unit))
    } else if (letter !== undefined) {
      const octet = simple[letter]
      if (octet === undefined) throw new Error(`no escape \\${letter}`)
      pieces.push(Buffer.from(octet))
    } else pieces.push(Buffer.from(plain ?? ''))
  }
  return Buffer.concat(pieces)
}
