// SPDX-License-Identifier: Apache-2.0
/** Keys that no value of a test can ever match, whatever the message: a mistake of thought, told of as a warning. */
import type { CompiledWord } from '../../compiled.ts'
import type { ValidateContext } from '../../plugin.ts'

/** @param reason why this key never matches; `undefined`: it may */
export function warnOfKeys(
  word: CompiledWord,
  ctx: ValidateContext,
  reason: (key: string) => string | undefined,
): void {
  const { keys } = word.def.match ?? {}
  // To a comparator of numbers `7` is `07`, and white space is nothing.
  if (keys === undefined || word.shape.match?.comparator.substring !== true) return
  for (const [i, key] of word.constants(keys).entries()) {
    const why = key === undefined ? undefined : reason(key)
    if (why !== undefined) ctx.warning(word.spanOf(keys, i), 'never-matches', `this never matches: ${why}`)
  }
}

/** RFC 5228 §2.7.2: white space at the ends of values is taken off. */
export const padded = (key: string): string | undefined =>
  key !== '' && key.trim() !== key ? 'values have no white space at their ends' : undefined

/** Of `address` and `envelope`, by part: what is compared is an address alone. */
export function warnOfAddressKeys(word: CompiledWord, ctx: ValidateContext): void {
  const { match, addressPart } = word.shape
  const type = match?.type.name
  const whole = type === 'is'
  if (!whole && type !== 'contains') return
  warnOfKeys(word, ctx, (key) => {
    if (addressPart?.name === 'domain' && key.includes('@')) return 'a domain has no @ in it'
    if (addressPart?.name === 'all' && /[<>]/.test(key) && !key.includes('"'))
      return 'addresses are compared without < and >, and without names'
    return whole ? padded(key) : undefined
  })
}
