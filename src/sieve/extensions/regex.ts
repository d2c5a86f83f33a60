// SPDX-License-Identifier: Apache-2.0
/**
 * `:regex`, draft-ietf-sieve-regex-01 (no RFC). The patterns are compiled by an engine the host gives: one whose time is
 * linear in the text whatever the pattern. Without one there is no extension. What such an engine cannot do, back
 * references and look-around, is a mistake of the script.
 */
import { limitCode } from '../limits.ts'
import { traceCompared } from '../match/match-types.ts'
import type { Matching, MatchTypeDef, SieveExtension } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { QUOTE_REGEX } from './variables.ts'

/** What a pattern does with a text: its whole match and groups, or nothing. */
export interface CompiledPattern {
  find(text: string): readonly string[] | undefined
}

/** @throws for what is no pattern, with a message for its author */
export type PatternCompiler = (pattern: string, options: { readonly ignoreCase: boolean }) => CompiledPattern

/** Patterns made of variables that are kept compiled in a run. */
const MAX_KEPT = 32

const ignoresCase = (comparator: string): boolean => comparator !== 'i;octet'

export function regexExtension(compile: PatternCompiler): SieveExtension {
  const REGEX: MatchTypeDef = {
    name: 'regex',
    substring: true,
    checkKey(key, span, ctx) {
      if (key.length > ctx.limits.patternLength)
        return ctx.error(
          span,
          limitCode('patternLength'),
          `a pattern of more than ${ctx.limits.patternLength} characters`,
        )
      try {
        compile(key, { ignoreCase: false })
      } catch (error) {
        ctx.error(span, 'pattern', `no regular expression: ${messageOf(error)}`)
      }
    },
    match(ctx, matching) {
      const { values, keys, comparator, captures } = matching
      for (const text of values.texts) {
        const input = text.slice(0, ctx.limits.patternInput)
        for (const key of keys.texts) {
          // Linear in both: pattern × text is the worst an automaton does.
          ctx.spend(1 + ((input.length * (key.length + 1)) >> 8))
          const match = patternOf(ctx, key, ignoresCase(comparator.name), matching).find(input)
          if (match === undefined) continue
          traceCompared(ctx, text, key)
          if (captures) ctx.variables.setMatched(match)
          return true
        }
        traceCompared(ctx, text)
      }
      return false
    },
  }

  function patternOf(ctx: RunContext, key: string, ignoreCase: boolean, { data, constant }: Matching): CompiledPattern {
    const kept = (data.get('regex') as Map<string, CompiledPattern> | undefined) ?? new Map<string, CompiledPattern>()
    data.set('regex', kept)
    const known = kept.get(key)
    if (known !== undefined) return known
    if (key.length > ctx.limits.patternLength)
      return ctx.fail(limitCode('patternLength'), `a pattern of more than ${ctx.limits.patternLength} characters`)
    ctx.spend(key.length)
    let pattern: CompiledPattern
    try {
      pattern = compile(key, { ignoreCase })
    } catch (error) {
      return ctx.fail('pattern', `no regular expression: ${messageOf(error)}`)
    }
    if (constant || kept.size < MAX_KEPT) kept.set(key, pattern)
    return pattern
  }

  return { name: 'regex', matchTypes: [REGEX], modifiers: [QUOTE_REGEX] }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)
