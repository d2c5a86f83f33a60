// SPDX-License-Identifier: Apache-2.0
/** A string that a pattern matches, to show what it takes. */
import { firstAddress } from './network.ts'
import type { Pattern } from './pattern.ts'

/** `undefined` where none is found: for patterns with back matches it is a guess, and the caller tries it. */
export function sampleProbe({ elements, never }: Pattern): string | undefined {
  if (never !== undefined) return undefined
  const fields: string[] = []
  let probe = ''
  for (const element of elements) {
    let text: string | undefined
    switch (element.kind) {
      case 'literal':
        text = element.text
        break
      case 'one':
        text = element.set.sample()
        break
      case 'many':
        // Something to see where anything goes; nothing where a class would run into its neighbours.
        text = element.set.has(0x61) && element.set.has(0x7c) ? 'x' : ''
        break
      case 'network':
        text = firstAddress(element.network)
        break
      case 'again':
        text = fields[element.field]
        break
      default:
        element satisfies never
    }
    if (text === undefined) return undefined
    if (element.kind !== 'literal' && element.saved) fields.push(text)
    probe += text
  }
  return probe
}
