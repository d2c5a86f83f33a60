// SPDX-License-Identifier: Apache-2.0
/** How a row that matched is told of in the trace. */
import type { Expanded } from './expand.ts'
import type { Taken } from './match.ts'
import type { Pattern } from './pattern.ts'
import type { Probe } from './probe.ts'
import type { MappingStep, MatchedPiece } from './result.ts'
import type { MappingRow } from './table.ts'

export const sortedFlags = (flags: ReadonlySet<string>): string =>
  flags.size === 0 ? '' : flags.size === 1 ? (flags.values().next().value ?? '') : [...flags].sort().join('')

/** The texts of the fields, by their number. */
export function fieldsOf({ elements }: Pattern, taken: Taken, text: string): string[] {
  const fields: string[] = []
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    if (element !== undefined && element.kind !== 'literal' && element.saved)
      fields.push(text.slice(taken[2 * i], taken[2 * i + 1]))
  }
  return fields
}

type RowStep = Extract<MappingStep, { readonly step: 'row' }>

export function rowStep(row: MappingRow, probe: Probe, taken: Taken, expanded: Expanded): RowStep {
  const { failure, control, output, flags, lookups } = expanded
  const pieces = piecesOf(row, taken, probe.text)
  // Written out, for there is one for every hit: copying an object into another costs more than all of it.
  if (failure === undefined && control === undefined)
    return { step: 'row', row: row.ref, probe: probe.text, pieces, lookups, output, flags: sortedFlags(flags) }
  const common = {
    step: 'row',
    row: row.ref,
    probe: probe.text,
    pieces,
    lookups,
    ...(control === undefined ? {} : { next: control }),
  } as const
  if (failure === undefined) return { ...common, output, flags: sortedFlags(flags) }
  const { line, column } = row.templatePlace(failure.from)
  const written = row.templateText.slice(failure.from, failure.to)
  return { ...common, failure: { written, why: failure.why, line, column } }
}

function piecesOf({ pattern, patternText }: MappingRow, taken: Taken, text: string): MatchedPiece[] {
  let next = 0
  const { elements } = pattern
  const pieces: MatchedPiece[] = []
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    if (element === undefined) break
    const { from } = element
    const written = patternText.slice(from, element.to)
    const piece = text.slice(taken[2 * i], taken[2 * i + 1])
    if (element.kind !== 'literal' && element.saved) pieces.push({ pattern: written, from, text: piece, field: next++ })
    else pieces.push({ pattern: written, from, text: piece })
  }
  return pieces
}
