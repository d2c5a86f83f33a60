// SPDX-License-Identifier: Apache-2.0
/**
 * Regular expressions by re2js: time linear in the text for every pattern. Extended expressions of POSIX (IEEE 1003.2)
 * with what re2js takes beside them. The longest of the leftmost matches counts, as POSIX says; `.` matches line ends, `^`
 * and `$` the ends of the text alone.
 */
import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js'
import type { CompiledPattern, PatternCompiler } from './pattern.ts'

/** What re2js cannot do, whatever it calls it: the text it stumbles over, and what that is. */
const CANNOT: readonly (readonly [RegExp, string])[] = [
  [/^\\[1-9]/, 'a back reference: none is supported'],
  [/^\(\?<?[=!]/, 'looking ahead or behind: neither is supported'],
]

/** @throws Error with a message for the author of the pattern */
export const compilePattern: PatternCompiler = (pattern, { ignoreCase }) => {
  try {
    const flags = RE2JS.LONGEST_MATCH | RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    return new Re2Pattern(RE2JS.compile(pattern, flags))
  } catch (error) {
    if (error instanceof RE2JSException) throw new Error(explained(pattern, error))
    throw error
  }
}

function explained(pattern: string, error: RE2JSException): string {
  if (!(error instanceof RE2JSSyntaxException)) return error.message
  const { error: what, input } = error
  if (input === null || input === '') return what
  const reason = CANNOT.find(([sign]) => sign.test(input))?.[1] ?? `${what}: ${input.slice(0, 40)}`
  // Looking from the end: a piece that stands there twice is most often wrong where re2js stopped, at its last place.
  const at = pattern.lastIndexOf(input)
  return at < 0 ? reason : `${reason}, at character ${at + 1} of the pattern`
}

class Re2Pattern implements CompiledPattern {
  readonly size: number
  readonly #compiled: RE2JS

  constructor(compiled: RE2JS) {
    this.#compiled = compiled
    this.size = compiled.programSize()
  }

  test(text: string): boolean {
    return this.#compiled.test(text)
  }

  groups(text: string): readonly string[] {
    const matcher = this.#compiled.matcher(text)
    if (!matcher.find()) return []
    // A group that took no part is the empty string (RFC 5229 §3.2).
    return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? '')
  }
}
