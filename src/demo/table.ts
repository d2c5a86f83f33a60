// SPDX-License-Identifier: Apache-2.0
/** The demo's table, as wide as it needs to be. */
import { styleText } from 'node:util'
import type { Result } from './run-scenario.ts'

const MAX_COLUMN = 72

export function renderTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.asExpected ? '✓' : '✗',
    result.what,
    result.happened,
    `${result.stage}: ${result.decided}`,
    result.id ?? '',
  ])
  const all = [['', 'what was sent', 'what happened', 'what decided', 'id'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.min(MAX_COLUMN, Math.max(...all.map((row) => (row[column] ?? '').length))),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => fit(cell, widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  const [head, ...body] = all.map(line)
  const rule = widths.map((width) => '─'.repeat(width)).join('──')
  return ['', head ?? '', rule, ...body.map((text, i) => colour(text, results[i]?.asExpected === true)), ''].join('\n')
}

const fit = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)

function colour(text: string, good: boolean): string {
  const plain = !process.stdout.isTTY || process.env['NO_COLOR'] !== undefined
  return plain || good ? text : styleText('red', text)
}
