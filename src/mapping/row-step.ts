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
  for (const [i, element] of elements.entries())
    if (element.kind !== 'literal' && element.saved) fields.push(text.slice(taken[2 * i], taken[2 * i + 1]))
  return fields
}

type RowStep = Extract<MappingStep, { readonly step: 'row' }>

export function rowStep(row: MappingRow, probe: Probe, taken: Taken, expanded: Expanded): RowStep {
  const { failure, control, output, flags, lookups } = expanded
  const common = {
    step: 'row',
    row: row.ref,
    probe: probe.text,
    pieces: piecesOf(row, taken, probe.text),
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
  return pattern.elements.map((element, i) => {
    const { from, to } = element
    const written = patternText.slice(from, to)
    const piece = text.slice(taken[2 * i], taken[2 * i + 1])
    const saved = element.kind !== 'literal' && element.saved
    return saved ? { pattern: written, from, text: piece, field: next++ } : { pattern: written, from, text: piece }
  })
}
