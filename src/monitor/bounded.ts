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

export function bounded(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return object(Object.entries(fields), 0)
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
  return object(Object.entries(given), depth + 1)
}

function object(entries: readonly (readonly [string, unknown])[], depth: number): Record<string, unknown> {
  return Object.fromEntries(
    entries
      .slice(0, MAX_ENTRIES)
      .map(([name, given]) => [name, SECRET.test(name) ? '[not logged]' : value(given, depth)]),
  )
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
