// SPDX-License-Identifier: Apache-2.0
/**
 * `:regex`, draft-ietf-sieve-regex-01 (no RFC), and the modifier `:quoteregex`. What a linear engine cannot do, back
 * references and looking around, is a mistake of the script, told of when it is compiled; so is a pattern beyond the limits.
 */
import { limitCode, type SieveLimits } from '../limits.ts'
import { traceCompared } from '../match/match-types.ts'
import type { Matching, MatchTypeDef, SieveExtension } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import type { CompiledPattern, PatternCompiler } from './pattern.ts'
import { patternSize } from './pattern-size.ts'
import { compilePattern } from './re2.ts'
import { QUOTE_REGEX } from './variables.ts'

/** Patterns made of variables that are kept compiled, of one word. */
const MAX_KEPT = 32

/** Pattern × text that one step of a run stands for: whether it matches at all, and then its groups, which costs more. */
const TEST_WORK = 1024
const GROUPS_WORK = 64

const ignoresCase = (comparator: string): boolean => comparator !== 'i;octet'

/** What is too large about a pattern, if anything. */
function tooLarge(key: string, limits: SieveLimits): { readonly code: string; readonly message: string } | undefined {
  const { patternLength, patternSize: most } = limits
  if (key.length > patternLength)
    return { code: limitCode('patternLength'), message: `a pattern of more than ${patternLength} characters` }
  return patternSize(key) > most
    ? { code: limitCode('patternSize'), message: `a pattern of more than ${most} steps, its repetitions written out` }
    : undefined
}

export function regexExtension(compile: PatternCompiler): SieveExtension {
  const REGEX: MatchTypeDef = {
    name: 'regex',
    substring: true,
    checkKey(key, span, ctx) {
      const large = tooLarge(key, ctx.limits)
      if (large !== undefined) return ctx.error(span(), large.code, large.message)
      try {
        compile(key, { ignoreCase: false })
      } catch (error) {
        ctx.error(span(), 'pattern', `no regular expression: ${messageOf(error)}`)
      }
    },
    match(ctx, values, matching) {
      const { keys, captures } = matching
      for (const text of values.texts) {
        const input = text.slice(0, ctx.limits.patternInput)
        for (const key of keys.texts) {
          const pattern = patternOf(ctx, key, matching)
          const work = input.length * pattern.size
          ctx.spend(1 + Math.floor(work / TEST_WORK))
          if (!pattern.test(input)) continue
          traceCompared(ctx, text, key)
          if (captures) {
            ctx.spend(Math.floor(work / GROUPS_WORK))
            ctx.variables.setMatched(pattern.groups(input))
          }
          return true
        }
        traceCompared(ctx, text)
      }
      return false
    },
  }

  function patternOf(ctx: RunContext, key: string, { data, constant, comparator }: Matching): CompiledPattern {
    const kept = (data.get('regex') as Map<string, CompiledPattern> | undefined) ?? new Map<string, CompiledPattern>()
    data.set('regex', kept)
    const known = kept.get(key)
    if (known !== undefined) return known
    if (!constant) {
      const large = tooLarge(key, ctx.limits)
      if (large !== undefined) return ctx.fail(large.code, large.message)
      ctx.spend(patternSize(key))
    }
    let pattern: CompiledPattern
    try {
      pattern = compile(key, { ignoreCase: ignoresCase(comparator.name) })
    } catch (error) {
      return ctx.fail('pattern', `no regular expression: ${messageOf(error)}`)
    }
    if (constant || kept.size < MAX_KEPT) kept.set(key, pattern)
    return pattern
  }

  return { name: 'regex', matchTypes: [REGEX], modifiers: [QUOTE_REGEX] }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)

export const REGEX_EXTENSION = regexExtension(compilePattern)
