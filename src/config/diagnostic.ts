// SPDX-License-Identifier: Apache-2.0
/**
 * What is wrong in a configuration file, where, why it matters and how to mend it. Printed with the line it stands on
 * and a caret below.
 */
import { styleText } from 'node:util'
import type { DiagnosticCode } from './codes.ts'

export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: 'error' | 'warning'
  /** Relative to the configuration directory, where it lies inside. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** How much of the line is meant; 1 when absent. */
  readonly length?: number
  /** What is wrong. */
  readonly message: string
  /** Why that is wrong, or what would happen. */
  readonly reason?: string
  /** What to write instead. */
  readonly fix?: string
}

/** Order of files, then of lines. */
export const compareDiagnostics = (a: Diagnostic, b: Diagnostic): number =>
  a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1

/** Columns of a source line that are shown; of longer lines a window around the place. */
const FRAME_COLUMNS = 100

/**
 * `severity code file:line:column`, the message, the line with a caret, reason and fix. Control characters of the
 * source are shown as blanks: a file may come from somebody else than the person at the terminal.
 */
export function formatDiagnostic(
  d: Diagnostic,
  sourceText: string | undefined,
  options: { readonly color: boolean },
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    options.color ? styleText(style, text, { validateStream: false }) : text
  const loud = d.severity === 'error' ? 'red' : 'yellow'
  const lines = [
    `${paint([loud, 'bold'], `${d.severity} ${d.code}`)} ${printable(d.file)}:${d.line}:${d.column}`,
    `  ${printable(d.message)}`,
  ]
  const source = sourceText === undefined ? undefined : lineAt(sourceText, d.line)
  if (source !== undefined) {
    const { text, caret, length } = frame(source, d.column - 1, d.length ?? 1)
    const gutter = String(d.line)
    lines.push(`  ${paint('dim', `${gutter} |`)} ${text}`)
    lines.push(
      `  ${paint('dim', `${' '.repeat(gutter.length)} |`)} ${' '.repeat(caret)}${paint(loud, '^'.repeat(length))}`,
    )
  }
  if (d.reason !== undefined) lines.push(`  why: ${printable(d.reason)}`)
  if (d.fix !== undefined) lines.push(`  fix: ${printable(d.fix)}`)
  return lines.join('\n')
}

/** All of them, with a blank line between, and a count at the end. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  options: { readonly color: boolean },
): string {
  const errors = diagnostics.filter((d) => d.severity === 'error').length
  const warnings = diagnostics.length - errors
  const count = [errors > 0 && plural(errors, 'error'), warnings > 0 && plural(warnings, 'warning')].filter(Boolean)
  return [...diagnostics.map((d) => formatDiagnostic(d, sources.get(d.file), options)), count.join(', ')].join('\n\n')
}

/** Line `line` (from 1) without its line end, or `undefined` behind the end. */
export function lineAt(text: string, line: number): string | undefined {
  let start = 0
  for (let n = 1; n < line; n++) {
    const end = text.indexOf('\n', start)
    if (end === -1) return undefined
    start = end + 1
  }
  const end = text.indexOf('\n', start)
  return text.slice(start, end === -1 ? text.length : end).replace(/\r$/, '')
}

/** Nothing that moves a cursor or turns text round: control characters, and the bidirectional ones. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')

function frame(source: string, at: number, length: number): { text: string; caret: number; length: number } {
  const column = Math.max(0, Math.min(at, source.length))
  const start = source.length <= FRAME_COLUMNS ? 0 : Math.max(0, Math.min(column - 20, source.length - FRAME_COLUMNS))
  const end = Math.min(source.length, start + FRAME_COLUMNS)
  const before = start > 0 ? '…' : ''
  const text = before + printable(source.slice(start, end)) + (end < source.length ? '…' : '')
  const caret = before.length + column - start
  return { text, caret, length: Math.max(1, Math.min(length, end - column)) }
}

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`
