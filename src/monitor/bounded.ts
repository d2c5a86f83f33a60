// SPDX-License-Identifier: Apache-2.0
/**
 * Fields made fit for a log: whatever a stranger chose is cut, and what looks like a secret by its name is left out.
 * JSON escapes control characters, so that no text can end a line (spec monitoring.md 4).
 */

const MAX_TEXT = 500
const MAX_STACK = 4000
const MAX_ENTRIES = 50
const MAX_DEPTH = 4
const SECRET_TEXT = '[not logged]'
const SECRET = /passw|secret|verifier|token|credential|storedkey|serverkey|^authorization$/i

/** As the members of a JSON object, each behind a comma: `,"id":"x","size":1`. */
export function boundedText(fields: Readonly<Record<string, unknown>>): string {
  let text = ''
  let left = MAX_ENTRIES
  for (const name of Object.keys(fields)) {
    if (left-- === 0) break
    const { secret, member } = known(name)
    const given = fields[name]
    // The most usual, which need no copy to be bounded.
    if (typeof given === 'string' && given.length <= MAX_TEXT && !secret) text += member + JSON.stringify(given)
    else if (Number.isFinite(given) && !secret) text += `${member}${given}`
    else {
      const rest = JSON.stringify(secret ? SECRET_TEXT : value(given, 0))
      if (rest !== undefined) text += member + rest
    }
  }
  return text
}

function value(given: unknown, depth: number): unknown {
  switch (typeof given) {
    case 'string':
      return cut(given, MAX_TEXT)
    case 'bigint':
      return given.toString()
    case 'object':
      break
    case 'function':
    case 'symbol':
      return undefined
    default:
      return given
  }
  if (given === null) return null
  if (given instanceof Error) return error(given, depth)
  if (depth >= MAX_DEPTH) return '[deeper]'
  if (Array.isArray(given)) {
    const kept = given.slice(0, MAX_ENTRIES).map((member) => value(member, depth + 1))
    return given.length > MAX_ENTRIES ? [...kept, `[${given.length - MAX_ENTRIES} more]`] : kept
  }
  if (ArrayBuffer.isView(given)) return `[${given.byteLength} octets]`
  return object(given as Readonly<Record<string, unknown>>, depth + 1)
}

function object(fields: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  let left = MAX_ENTRIES
  for (const name of Object.keys(fields)) {
    if (left-- === 0) break
    const given = known(name).secret ? SECRET_TEXT : value(fields[name], depth)
    // As a field of its own, whatever a stranger called it.
    if (name === '__proto__') Object.defineProperty(kept, name, { value: given, enumerable: true })
    else kept[name] = given
  }
  return kept
}

interface Name {
  readonly secret: boolean
  /** As it stands before its value in JSON. */
  readonly member: string
}

/** Names stand in the source, but for the few that are data. */
const names = new Map<string, Name>()
const MAX_NAMES = 1000

function known(name: string): Name {
  const before = names.get(name)
  if (before !== undefined) return before
  const made = { secret: SECRET.test(name), member: `,${JSON.stringify(name)}:` }
  if (names.size < MAX_NAMES && name.length <= 40) names.set(name, made)
  return made
}

function error(given: Error, depth: number): Record<string, unknown> {
  const code = 'code' in given ? { code: value(given.code, MAX_DEPTH) } : {}
  const cause = given.cause === undefined || depth >= MAX_DEPTH ? {} : { cause: value(given.cause, depth + 1) }
  return {
    type: given.name,
    message: cut(given.message, MAX_TEXT),
    ...code,
    stack: cut(given.stack ?? '', MAX_STACK),
    ...cause,
  }
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text)
