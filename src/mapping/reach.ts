// SPDX-License-Identifier: Apache-2.0
/** The table behind a match: one row of places for each element of the pattern, filled from the last one to the first. */
import { ANY } from './character-set.ts'
import { inAddress } from './ip-text.ts'
import { isInNetwork } from './network.ts'
import type { PatternElement } from './pattern.ts'
import type { Probe } from './probe.ts'
import type { Work } from './work.ts'

/** Which ends of the probe the rest of the pattern matches. A back match counts as any text. */
export class Reach {
  readonly #octets: Uint8Array
  readonly #width: number

  constructor(elements: readonly PatternElement[], probe: Probe, work: Work) {
    const width = probe.length + 1
    const cells = (elements.length + 1) * width
    this.#width = width
    if (!work.spend(cells)) {
      this.#octets = new Uint8Array(0)
      return
    }
    const octets = work.scratch.octets(cells)
    this.#octets = octets
    octets.fill(0, 0, cells)
    octets[cells - 1] = 1
    for (let i = elements.length - 1; i >= 0; i--) {
      const element = elements[i]
      if (element !== undefined) fillRow(element, probe, octets, i * width, (i + 1) * width, work)
    }
  }

  /** Do the elements from `element` on match the probe from `at` on? */
  at(element: number, at: number): boolean {
    return this.#octets[element * this.#width + at] === 1
  }
}

function fillRow(
  element: PatternElement,
  probe: Probe,
  octets: Uint8Array,
  row: number,
  next: number,
  work: Work,
): void {
  const { folded } = probe
  switch (element.kind) {
    case 'literal': {
      const { text } = element
      for (let at = folded.length - text.length; at >= 0; at--)
        if (octets[next + at + text.length] === 1 && folded.startsWith(text, at)) octets[row + at] = 1
      return
    }
    case 'one':
      for (let at = folded.length - 1; at >= 0; at--)
        if (octets[next + at + 1] === 1 && element.set.has(folded.charCodeAt(at))) octets[row + at] = 1
      return
    case 'many':
      if (element.set === ANY) {
        const farthest = octets.lastIndexOf(1, next + folded.length)
        if (farthest >= next) octets.fill(1, row, row + farthest - next + 1)
        return
      }
      octets[row + folded.length] = octets[next + folded.length] ?? 0
      for (let at = folded.length - 1; at >= 0; at--)
        if (octets[next + at] === 1 || (octets[row + at + 1] === 1 && element.set.has(folded.charCodeAt(at))))
          octets[row + at] = 1
      return
    case 'network': {
      const { network } = element
      let end = folded.length
      for (let at = folded.length - 1; at >= 0; at--) {
        if (!inAddress(network.family, folded.charCodeAt(at))) end = at
        else if (octets[next + end] === 1 && isInNetwork(network, folded, at, end, work.scratch.words))
          octets[row + at] = 1
      }
      return
    }
    case 'again': {
      let reachable = 0
      for (let at = folded.length; at >= 0; at--) {
        reachable |= octets[next + at] ?? 0
        octets[row + at] = reachable
      }
      return
    }
    default:
      element satisfies never
  }
}
