// SPDX-License-Identifier: Apache-2.0
/** "Did you mean": the known name that is nearest to a mistyped one. */

/** Edits apart at most. */
const FAR = 2

/** ` — did you mean "x"?`, or nothing. */
export function suggest(typed: string, known: Iterable<string>): string {
  let best = ''
  let distance = FAR + 1
  for (const name of known) {
    if (Math.abs(name.length - typed.length) >= distance) continue
    const edits = editsBetween(typed.toLowerCase(), name)
    if (edits < distance && edits < name.length / 2) {
      best = name
      distance = edits
    }
  }
  return best === '' ? '' : `; did you mean "${best}"?`
}

/** Levenshtein's distance; both are short: names are. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[b.length] ?? 0
}
