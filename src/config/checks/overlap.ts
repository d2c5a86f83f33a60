// SPDX-License-Identifier: Apache-2.0
/**
 * The shortest text that two patterns both match, as people mean them: a wildcard takes no bar, unless it is the last
 * thing in its pattern. Finds one where both are made of written text, `%`, `*` and classes; of address matchers and
 * back matches it knows nothing.
 */
import { ANY, CharacterSet } from '../../mapping/character-set.ts'
import type { Pattern } from '../../mapping/pattern.ts'

type Unit =
  | { readonly kind: 'character'; readonly unit: number }
  | { readonly kind: 'one' | 'many'; readonly set: CharacterSet }

/** Pairs of places looked at; beyond that nothing is found. */
const MOST_PAIRS = 100_000

export function overlap(a: Pattern, b: Pattern): string | undefined {
  const left = unitsOf(a)
  const right = unitsOf(b)
  if (left === undefined || right === undefined || left.length * right.length > MOST_PAIRS) return undefined
  const width = right.length + 1
  /** By place: the one before, and the text between. */
  const from = new Map<number, { readonly before: number; readonly text: string }>()
  const open = [0]
  let next = 0
  const goal = left.length * width + right.length
  const reach = (place: number, before: number, text: string): void => {
    if (place === 0 || from.has(place)) return
    from.set(place, { before, text })
    open.push(place)
  }
  for (let place = open[next++]; place !== undefined && !from.has(goal); place = open[next++]) {
    const l = left[Math.floor(place / width)]
    const r = right[place % width]
    // Both at their ends.
    if (l === undefined && r === undefined) return ''
    if (l?.kind === 'many') reach(place + width, place, '')
    if (r?.kind === 'many') reach(place + 1, place, '')
    const text = l === undefined || r === undefined ? undefined : common(l, r)
    if (l === undefined || r === undefined || text === undefined) continue
    reach(place + (l.kind === 'many' ? 0 : width) + (r.kind === 'many' ? 0 : 1), place, text)
  }
  if (!from.has(goal)) return undefined
  let text = ''
  for (let place = goal; place !== 0; ) {
    const step = from.get(place)
    if (step === undefined) return undefined
    text = step.text + text
    place = step.before
  }
  return text
}

function unitsOf({ elements, never }: Pattern): readonly Unit[] | undefined {
  if (never !== undefined) return undefined
  const units: Unit[] = []
  for (const [i, element] of elements.entries()) {
    if (element.kind === 'network' || element.kind === 'again') return undefined
    if (element.kind === 'literal')
      for (let at = 0; at < element.text.length; at++)
        units.push({ kind: 'character', unit: element.text.charCodeAt(at) })
    else units.push({ kind: element.kind, set: element.set === ANY && i < elements.length - 1 ? FIELD : element.set })
  }
  return units
}

/** Everything but the bar. */
const FIELD = new CharacterSet().addRange(0, 0x7b).addRange(0x7d, 0xffff)

/** A character both take. */
function common(a: Unit, b: Unit): string | undefined {
  if (a.kind === 'character')
    return (b.kind === 'character' ? a.unit === b.unit : b.set.has(a.unit)) ? String.fromCharCode(a.unit) : undefined
  if (b.kind === 'character') return common(b, a)
  if (a.set === ANY) return b.set.sample()
  if (b.set === ANY) return a.set.sample()
  for (let unit = 0x20; unit < 0x7f; unit++) if (a.set.has(unit) && b.set.has(unit)) return String.fromCharCode(unit)
  return undefined
}
