// SPDX-License-Identifier: Apache-2.0
/** Tables and rows as text again, one row a line. Reading it back gives the same rows. */
import type { MappingRow, MappingTable } from './table.ts'

/**
 * `pattern  template`, the pattern padded to `width`. A row without a template, or whose template ends in a backslash,
 * cannot be written so that it reads back: the backslash would continue the line.
 */
export const formatRow = (
  { patternText, templateText }: Pick<MappingRow, 'patternText' | 'templateText'>,
  width = 0,
): string => (templateText === '' ? patternText : `${patternText.padEnd(width)}  ${templateText}`)

/** Columns are aligned up to this width; longer patterns stick out. */
const WIDEST_COLUMN = 60

export function formatTable({ name, rows }: Pick<MappingTable, 'name' | 'rows'>): string {
  const widths = rows.map(({ patternText }) => patternText.length).filter((width) => width <= WIDEST_COLUMN)
  const width = widths.reduce((most, each) => Math.max(most, each), 0)
  return `${name}\n\n${rows.map((row) => `  ${formatRow(row, width)}\n`).join('')}`
}
