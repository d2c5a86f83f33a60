// SPDX-License-Identifier: Apache-2.0
/** What is wrong in a script: with its place, a stable code, and a frame that shows it. */
import type { SieveLimits } from './limits.ts'
import { LineIndex, type Place, type Span } from './place.ts'
import { oneLine } from './text.ts'

export type Severity = 'error' | 'warning'
export type Phase = 'lex' | 'parse' | 'validate' | 'generate'

export interface Diagnostic {
  readonly severity: Severity
  readonly phase: Phase
  /** Stable: tools match on it. */
  readonly code: string
  /** One line, without place or severity. */
  readonly message: string
  readonly scriptName: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly start: number
  readonly end: number
  readonly related?: { readonly message: string; readonly line: number; readonly column: number }
}

/** The text of a script with its name, as diagnostics, trace and tree refer to it. */
export class ScriptText {
  readonly name: string
  readonly text: string
  #index: LineIndex | undefined

  constructor(text: string, name: string) {
    this.text = text
    this.name = name
  }

  get index(): LineIndex {
    this.#index ??= new LineIndex(this.text)
    return this.#index
  }

  placeAt(offset: number): Place {
    return { script: this.name, line: this.index.lineOf(offset), column: this.index.columnOf(offset) }
  }
}

/** Collects the diagnostics of one script, up to a limit; an error is never pushed out by warnings. */
export class Diagnostics {
  readonly list: Diagnostic[] = []
  readonly script: ScriptText
  readonly #most: number
  errors = 0

  constructor(script: ScriptText, limits: Pick<SieveLimits, 'diagnostics'>) {
    this.script = script
    this.#most = limits.diagnostics
  }

  error(phase: Phase, code: string, span: Span, message: string, related?: { message: string; at: number }): void {
    this.#add('error', phase, code, span, message, related)
  }

  warning(phase: Phase, code: string, span: Span, message: string): void {
    this.#add('warning', phase, code, span, message)
  }

  #add(
    severity: Severity,
    phase: Phase,
    code: string,
    span: Span,
    message: string,
    related?: { message: string; at: number },
  ): void {
    if (this.list.length >= this.#most && !(severity === 'error' && this.errors === 0)) {
      if (severity === 'error') this.errors++
      return
    }
    if (severity === 'error') this.errors++
    const { index, name, text } = this.script
    // What is missing at the end of a script is missing behind its last character.
    const start = Math.min(span.start, text.length)
    const end = Math.min(span.end, text.length)
    this.list.push({
      severity,
      phase,
      code,
      message: oneLine(message),
      scriptName: name,
      line: index.lineOf(start),
      column: index.columnOf(start),
      endLine: index.lineOf(end),
      endColumn: index.columnOf(end),
      start,
      end,
      ...(related === undefined
        ? {}
        : {
            related: {
              message: related.message,
              line: index.lineOf(related.at),
              column: index.columnOf(related.at),
            },
          }),
    })
  }

  /** In the order of the script. */
  sorted(): readonly Diagnostic[] {
    return this.list.toSorted((a, b) => a.start - b.start)
  }
}

/** Characters shown of a line of a script. */
const SHOWN = 160

/**
 * The diagnostic for people, with the line and carets below what is meant:
 *
 *     main:3:1: error: unknown command "fileint"; did you mean "fileinto"?
 *        3 | fileint "INBOX";
 *          | ^^^^^^^
 */
export function formatDiagnostic(diagnostic: Diagnostic, source: string): string {
  const { scriptName, line, column, endLine, endColumn, severity, message } = diagnostic
  const text = new LineIndex(source).textOf(line)
  // A long line is shown round the place.
  const from = column > SHOWN - 20 ? column - 1 - 40 : 0
  const shown = text.slice(from, from + SHOWN).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?')
  const before = text.slice(from, column - 1).replace(/[^\t]/g, ' ')
  const width = Math.max(1, Math.min((endLine === line ? endColumn : text.length + 1) - column, SHOWN))
  const number = String(line).padStart(5)
  const frame = `${number} | ${shown}\n${' '.repeat(number.length)} | ${before}${'^'.repeat(width)}`
  const related =
    diagnostic.related === undefined
      ? ''
      : `\n      ${scriptName}:${diagnostic.related.line}:${diagnostic.related.column}: ${diagnostic.related.message}`
  return `${scriptName}:${line}:${column}: ${severity}: ${message}\n${frame}${related}`
}
