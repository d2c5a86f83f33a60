// SPDX-License-Identifier: Apache-2.0
/**
 * How large a regular expression is once its repetitions are written out, found before it is compiled: `(a{100}){10}` is
 * a thousand steps. A walk over the pattern, once; it need not be right for what is no pattern.
 */

/** atom "{" n "}", "{" n "," "}" or "{" n "," m "}" */
const REPETITION = /\{([0-9]{1,9})(?:,([0-9]{0,9}))?\}/y

/** More than any limit; sums and products of it stay numbers. */
const HUGE = 1e12

export function patternSize(pattern: string): number {
  /** What stands in the open groups, outermost first. */
  const outer: number[] = []
  let size = 0
  /** The size of the atom that a repetition would repeat. */
  let atom = 0
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at]
    if (character === '(') {
      outer.push(size)
      size = 0
      atom = 0
      at++
    } else if (character === ')') {
      // A group is two steps more: where it begins and where it ends.
      atom = size + 2
      size = (outer.pop() ?? 0) + atom
      at++
    } else if (character === '{') {
      REPETITION.lastIndex = at
      const found = REPETITION.exec(pattern)
      const times = Math.max(Number(found?.[1] ?? 1), Number(found?.[2] ?? 1), 1)
      size = Math.min(size + atom * (times - 1), HUGE)
      atom = Math.min(atom * times, HUGE)
      at += found?.[0].length ?? 1
    } else {
      at = behindAtom(pattern, at)
      size++
      atom = 1
    }
  }
  return outer.reduce((sum, part) => sum + part, size)
}

function behindAtom(pattern: string, at: number): number {
  if (pattern[at] === '\\') return at + 2
  if (pattern[at] !== '[') return at + 1
  // A bracket expression; a `]` in front is one of its characters, and so is one in [:alpha:].
  let end = at + (pattern[at + 1] === '^' ? 2 : 1)
  if (pattern[end] === ']') end++
  while (end < pattern.length && pattern[end] !== ']') {
    const named = pattern[end] === '[' && pattern[end + 1] === ':' ? pattern.indexOf(':]', end) : -1
    end = named >= 0 ? named + 2 : end + (pattern[end] === '\\' ? 2 : 1)
  }
  return end + 1
}
