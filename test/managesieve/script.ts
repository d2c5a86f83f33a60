// SPDX-License-Identifier: Apache-2.0
/**
 * Conversation files of ManageSieve, one directive a line:
 *
 *   # text                comment; the RFC sections a file is about stand in its first lines
 *   # config: PATH: VALUE a setting for this file, PATH with dots: `managesieve.scripts: 2`
 *   # rules: TEXT         a stored value of kim's (escapes as below)
 *   # whole-only: WHY     do not cut the client's octets in pieces
 *   # dovecot: WHY        another server answers differently: for the whole file, or at the end of a line
 *   GREETING              read lines until the OK that ends the capabilities
 *   SIGN-IN               shake hands with STARTTLS, then sign in as kim with PLAIN
 *   C: a | b              lines to send, each with CRLF, all in one write
 *   C<< octets            octets to send; escapes \r \n \t \\ \xHH, and \{N*x} for N times x
 *   S: OK (CODE) /regex/  a reply: what it is, its code where one is due, what its text is like
 *   S.. OK (CODE) /regex/ the same, behind any number of other lines
 *   S= text               exactly this line (escapes as above)
 *   S~ /regex/            a line like this one
 *   TLS                   shake hands now
 *   SHUT                  the client sends no more, and reads on
 *   CLOSED                the server closes the connection
 *   RULES json            kim's stored values are these
 */
import { unescapeOctets } from '../conversations/script.ts'

export interface ExpectedReply {
  readonly is: string
  /** `''`: none. */
  readonly code: string
  readonly text?: RegExp
}

export type Step = { readonly line: number; readonly differs: boolean } & (
  | { readonly do: 'send'; readonly octets: Buffer }
  | { readonly do: 'reply'; readonly expected: ExpectedReply; readonly skip: boolean }
  | { readonly do: 'line'; readonly text: string }
  | { readonly do: 'like'; readonly text: RegExp }
  | { readonly do: 'greeting' | 'sign-in' | 'tls' | 'shut' | 'closed' }
  | { readonly do: 'rules'; readonly values: unknown }
)

export interface Script {
  readonly name: string
  readonly cites: readonly string[]
  readonly config: readonly (readonly [path: string, value: string])[]
  readonly rules: readonly string[]
  readonly wholeOnly: boolean
  readonly differs: boolean
  readonly steps: readonly Step[]
}

/** @throws Error with the line number for a line that is no directive */
export function parseScript(name: string, text: string): Script {
  const steps: Step[] = []
  const config: [string, string][] = []
  const rules: string[] = []
  const head = new Set<string>()
  for (const [index, raw] of text.split('\n').entries()) {
    if (raw.trim() === '') continue
    if (raw.startsWith('#')) {
      const [, word = '', rest = ''] = /^# (config|rules|whole-only|dovecot): (.*)$/.exec(raw) ?? []
      head.add(word)
      if (word === 'rules') rules.push(unescapeOctets(rest).toString())
      if (word !== 'config') continue
      const [, path, value] = /^(\S+): (.*)$/.exec(rest) ?? []
      if (path === undefined || value === undefined) throw new Error(`${name}:${index + 1}: bad config`)
      config.push([path, value])
      continue
    }
    const [, plain = raw, differs] = /^(.*?)\s+# dovecot: (.*)$/.exec(raw) ?? []
    steps.push({ line: index + 1, differs: differs !== undefined, ...parseStep(`${name}:${index + 1}`, plain) })
  }
  return {
    name,
    cites: text.match(/RFC \d+ §[\d.]+/g) ?? [],
    config,
    rules,
    wholeOnly: head.has('whole-only'),
    differs: head.has('dovecot'),
    steps,
  }
}

type StepBody = Step extends infer S ? (S extends Step ? Omit<S, 'line' | 'differs'> : never) : never

function parseStep(where: string, text: string): StepBody {
  const [word = '', ...rest] = text.split(' ')
  const argument = rest.join(' ')
  switch (word) {
    case 'GREETING':
      return { do: 'greeting' }
    case 'SIGN-IN':
      return { do: 'sign-in' }
    case 'C:':
      return {
        do: 'send',
        octets: Buffer.from(
          argument
            .split(' | ')
            .map((line) => `${line}\r\n`)
            .join(''),
        ),
      }
    case 'C<<':
      return { do: 'send', octets: unescapeOctets(argument) }
    case 'S:':
      return { do: 'reply', skip: false, expected: parseExpected(where, argument) }
    case 'S..':
      return { do: 'reply', skip: true, expected: parseExpected(where, argument) }
    case 'S=':
      return { do: 'line', text: unescapeOctets(argument).toString() }
    case 'S~':
      return { do: 'like', text: new RegExp(argument.slice(1, -1), 's') }
    case 'TLS':
      return { do: 'tls' }
    case 'SHUT':
      return { do: 'shut' }
    case 'CLOSED':
      return { do: 'closed' }
    case 'RULES':
      return { do: 'rules', values: JSON.parse(argument) }
    default:
      throw new Error(`${where}: ${word} is no directive`)
  }
}

function parseExpected(where: string, text: string): ExpectedReply {
  const [, is, code = '', like] = /^(OK|NO|BYE)(?: \(([^)]*)\))?(?: \/(.*)\/)?$/.exec(text) ?? []
  if (is === undefined) throw new Error(`${where}: ${JSON.stringify(text)} is no reply`)
  return { is, code, ...(like === undefined ? {} : { text: new RegExp(like, 's') }) }
}
