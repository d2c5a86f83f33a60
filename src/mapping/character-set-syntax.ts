// SPDX-License-Identifier: Apache-2.0
/**
 * What stands in `$[…]`: characters and ranges, mixed. A backslash quotes `-`, `]` and itself, `$` quotes a blank; `^`,
 * `!` and `~` are ordinary, for there are no negated sets. spec mapping-tables.md 3.5.
 */
import { isBlank } from './blank.ts'
import { CharacterSet } from './character-set.ts'
import { type Report, warning } from './problem.ts'
import { SET_QUOTE } from './unsure.ts'

/** Reads members from `from` on; `end` is behind the `]`. `undefined` where that is missing. */
export function parseSet(text: string, from: number, report: Report): { set: CharacterSet; end: number } | undefined {
  const set = new CharacterSet()
  let at = from
  while (at < text.length && text[at] !== ']') {
    const start = at
    const low = member(text, at)
    at = low.end
    // A minus before the bracket is itself.
    if (text[at] !== '-' || at + 1 >= text.length || text[at + 1] === ']') {
      set.addAll(low.character)
      continue
    }
    const high = member(text, at + 1)
    at = high.end
    const [first, last] = [low.character.charCodeAt(0), high.character.charCodeAt(0)]
    if (first > last)
      report(
        start,
        at,
        warning(
          'mapping-class',
          `the range ${text.slice(start, at)} is turned round`,
          'It holds no character.',
          `write ${high.character}-${low.character}`,
        ),
      )
    else set.addRange(first, last)
  }
  if (at >= text.length) return undefined
  if (at === from)
    report(
      from,
      at + 1,
      warning('mapping-class', 'an empty set of characters', 'It matches no character.', 'list characters: $[abc]%'),
    )
  return { set, end: at + 1 }
}

function member(text: string, at: number): { character: string; end: number } {
  const c = text[at] ?? ''
  const next = text[at + 1]
  const quotes = next !== undefined && (c === SET_QUOTE || (c === '$' && isBlank(next)))
  return quotes ? { character: next, end: at + 2 } : { character: c, end: at + 1 }
}
