// SPDX-License-Identifier: Apache-2.0
/**
 * Fields made fit for a log: whatever a stranger chose is cut, and what looks like a secret by its name is left out.
 * JSON escapes control characters, so that no text can end a line (spec monitoring.md 4).
 */

const MAX_TEXT = 500
const MAX_STACK = 4000
const MAX_ENTRIES = 50
const MAX_DEPTH = 4
const SECRET = /passw|secret|verifier|token|credential|storedkey|serverkey|^authorization$/i

export const bounded = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => object(fields, 0)

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
    const given = isSecret(name) ? '[not logged]' : value(fields[name], depth)
    // As a field of its own, whatever a stranger called it.
    if (name === '__proto__') Object.defineProperty(kept, name, { value: given, enumerable: true })
    else kept[name] = given
  }
  return kept
}

/** Names stand in the source, but for the few that are data. */
const known = new Map<string, boolean>()
const MAX_KNOWN = 1000

function isSecret(name: string): boolean {
  const before = known.get(name)
  if (before !== undefined) return before
  const secret = SECRET.test(name)
  if (known.size < MAX_KNOWN && name.length <= 40) known.set(name, secret)
  return secret
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
