// SPDX-License-Identifier: Apache-2.0
/**
 * Rows that would have matched but for one element of their pattern: what people look for when they ask why a row did
 * not decide. For tools: it looks at all rows, within a budget of steps.
 */
import { runEnd } from './ip-text.ts'
import { RUN_LIMITS } from './limits.ts'
import { matchPattern } from './match.ts'
import { isInNetwork } from './network.ts'
import type { PatternElement } from './pattern.ts'
import { Probe } from './probe.ts'
import { Reach } from './reach.ts'
import type { RowRef } from './result.ts'
import { Scratch } from './scratch.ts'
import type { MappingRow, MappingTable } from './table.ts'
import { Work } from './work.ts'

export interface NearMiss {
  readonly row: RowRef
  /** The element that did not match, as written in the pattern, and where it stands. */
  readonly lacked: string
  readonly line: number
  readonly column: number
  /** What the probe has in its place; empty where the wildcards around it leave nothing to it. */
  readonly found: string
}

/** The `most` nearest ones, nearest first: those that agree in most of their written text. `before`: only rows above this one. */
export function nearMisses(
  { rows }: MappingTable,
  text: string,
  { most = 3, before = rows.length }: { readonly most?: number; readonly before?: number } = {},
): readonly NearMiss[] {
  if (text.length > RUN_LIMITS.probe) return []
  const probe = new Probe(text)
  const work = new Work(RUN_LIMITS, new Scratch())
  const found: { readonly miss: NearMiss; readonly agrees: number }[] = []
  for (const row of rows) {
    if (row.number >= before || work.exhausted !== undefined) break
    if (row.pattern.never !== undefined || matchPattern(row.pattern, probe, work) !== undefined) continue
    const near = nearest(row, probe, work)
    if (near !== undefined) found.push(near)
  }
  return found
    .sort((a, b) => b.agrees - a.agrees || a.miss.line - b.miss.line)
    .slice(0, most)
    .map(({ miss }) => miss)
}

/** How much an element says: a written text its length, a network as much as it is narrow, wildcards nothing. */
function weight(element: PatternElement): number {
  if (element.kind === 'literal') return element.text.length
  return element.kind === 'network' ? element.network.bits / 4 : 0
}

function nearest(row: MappingRow, probe: Probe, work: Work): { miss: NearMiss; agrees: number } | undefined {
  const { elements } = row.pattern
  const total = elements.reduce((sum, element) => sum + weight(element), 0)
  const rest = new Reach(elements, probe, work)
  if (work.exhausted !== undefined) return undefined
  let best: { readonly element: PatternElement; readonly gap: Gap; readonly agrees: number } | undefined
  let places = new Uint8Array(probe.length + 1)
  places[0] = 1
  for (const [i, element] of elements.entries()) {
    if (weight(element) > 0) {
      const gap = closest(element, probe, places, (at) => rest.at(i + 1, at))
      const agrees = total - weight(element) + (gap?.agrees ?? 0)
      if (gap !== undefined && agrees > (best?.agrees ?? 0)) best = { element, gap, agrees }
    }
    places = step(element, probe, places, work.scratch)
  }
  if (best === undefined) return undefined
  const { element, gap, agrees } = best
  const { line, column } = row.patternPlace(element.from)
  const lacked = row.patternText.slice(element.from, element.to)
  return { agrees, miss: { row: row.ref, lacked, line, column, found: probe.text.slice(gap.from, gap.to) } }
}

interface Gap {
  readonly from: number
  readonly to: number
  /** Characters at both ends of a written text that are there after all. */
  readonly agrees: number
}

/**
 * The stretch from one of these places to one from which the rest matches that is most like the element: for a written
 * text one that begins and ends as it does, else the shortest.
 */
function closest(
  element: PatternElement,
  { folded }: Probe,
  places: Uint8Array,
  fits: (at: number) => boolean,
): Gap | undefined {
  const text = element.kind === 'literal' ? element.text : ''
  const begins: { readonly from: number; readonly agrees: number }[] = []
  let best: Gap | undefined
  for (let at = 0; at < places.length; at++) {
    if (places[at] === 1) {
      const agrees = sharedPrefix(text, folded, at)
      // One that says nothing is only good for a short gap.
      if (begins.at(-1)?.agrees === 0) begins.pop()
      else if (begins.length === MOST_BEGINS) begins.shift()
      begins.push({ from: at, agrees })
    }
    if (!fits(at)) continue
    for (const { from, agrees: shared } of begins) {
      const prefix = Math.min(shared, at - from)
      const agrees = prefix + sharedSuffix(text, folded, at, Math.min(at - from, text.length) - prefix)
      const shorter = best === undefined || at - from < best.to - best.from
      if (best === undefined || agrees > best.agrees || (agrees === best.agrees && shorter))
        best = { from, to: at, agrees }
    }
  }
  return best
}

/** Places a written text may begin at that are kept at once. */
const MOST_BEGINS = 16

function sharedPrefix(text: string, probe: string, at: number): number {
  let n = 0
  while (n < text.length && text[n] === probe[at + n]) n++
  return n
}

function sharedSuffix(text: string, probe: string, end: number, most: number): number {
  let n = 0
  while (n < most && text[text.length - 1 - n] === probe[end - 1 - n]) n++
  return n
}

/** Where the element can end, from where it can begin. */
function step(
  element: PatternElement,
  { folded }: Probe,
  places: Uint8Array,
  { words }: Scratch,
): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(places.length)
  let open = false
  for (let at = 0; at < places.length; at++) {
    const here = places[at] === 1
    switch (element.kind) {
      case 'literal':
        if (here && folded.startsWith(element.text, at)) next[at + element.text.length] = 1
        break
      case 'one':
        if (here && at < folded.length && element.set.has(folded.charCodeAt(at))) next[at + 1] = 1
        break
      case 'many':
        open = here || (open && element.set.has(folded.charCodeAt(at - 1)))
        if (open) next[at] = 1
        break
      case 'again':
        open ||= here
        if (open) next[at] = 1
        break
      case 'network':
        if (here && isInNetwork(element.network, folded, at, runEnd(folded, at, element.network.family), words))
          next[runEnd(folded, at, element.network.family)] = 1
        break
      default:
        element satisfies never
    }
  }
  return next
}
