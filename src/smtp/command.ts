// SPDX-License-Identifier: Apache-2.0
/** One command line: verb and argument, RFC 5321 §4.1.1. UTF-8 by RFC 6531 §3.3; other octets over 127 are refused. */
import { type Reply, reply } from './reply.ts'

export interface Command {
  /** In upper case; not necessarily one we know. At most 40 characters. */
  readonly verb: string
  /** Behind the verb; blanks at both ends taken off (RFC 5321 §4.1.1: trailing white space SHOULD be tolerated). */
  readonly argument: string
}

export interface CommandProblem {
  readonly problem: Reply
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function parseCommand(line: Buffer): Command | CommandProblem {
  const text = isPrintable(line) ? line.toString('latin1') : unusual(line)
  if (typeof text !== 'string') return { problem: text }
  const end = verbEnd(text)
  if (end === 0) return { problem: reply(500, '5.2', 'Command not recognised') }
  return { verb: text.slice(0, end).toUpperCase(), argument: trimBlanks(text.slice(end)) }
}

/** As nearly all lines are: ASCII without controls. */
function isPrintable(line: Buffer): boolean {
  for (let at = 0; at < line.length; at++) {
    const octet = line[at] as number
    if (octet < 0x20 || octet > 0x7e) return false
  }
  return true
}

function unusual(line: Buffer): string | Reply {
  let text: string
  try {
    text = UTF8.decode(line)
  } catch {
    return reply(500, '5.2', 'Command is neither ASCII nor UTF-8')
  }
  return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(text) ? reply(500, '5.2', 'Control character in command') : text
}

const MAX_VERB = 40

/** Letters, digits and hyphens, a letter first, up to a blank or the end; 0 where the line begins with nothing like it. */
function verbEnd(text: string): number {
  let end = 0
  for (; end < text.length && !isBlank(text.charCodeAt(end)); end++) {
    const c = text.charCodeAt(end)
    const letter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)
    if (!letter && (end === 0 || !((c >= 0x30 && c <= 0x39) || c === 0x2d))) return 0
  }
  return end <= MAX_VERB ? end : 0
}

/** Without blanks and tabs at its ends. `trim` would take letters of UTF-8 addresses for blanks: U+00A0, U+FEFF. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isBlank = (c: number): boolean => c === 0x20 || c === 0x09

/**
 * `FROM:<…>` or `TO:<…>` (RFC 5321 §4.1.1.2, §4.1.1.3): what stands behind the colon. Blanks between colon and bracket
 * are wrong there but common, and harmless.
 */
export function behindColon(argument: string, keyword: 'FROM' | 'TO'): string | undefined {
  // As nearly all clients write it.
  if (argument.startsWith(keyword) && argument.startsWith(':<', keyword.length))
    return argument.slice(keyword.length + 1)
  const m = /^([A-Za-z]+):[ \t]*(?=<)/.exec(argument)
  return m !== null && m[1]?.toUpperCase() === keyword ? argument.slice(m[0].length) : undefined
}
