// SPDX-License-Identifier: Apache-2.0
/**
 * The lines of a mappings file with its includes (`<file` in column 1, spec mapping-tables.md 1.1). The files
 * themselves are read by the caller.
 */
import { trimmedEnd } from './blank.ts'
import { FILE_LIMITS } from './limits.ts'
import type { Place } from './place.ts'
import { error, type Problems } from './problem.ts'

export interface SourceFile {
  /** The name that diagnostics carry. */
  readonly name: string
  readonly text: string
}

/**
 * Gives the file that an include names, as written there, or says in one line why not. `from` is the file that
 * includes it. Two includes of one file must get the same name, so that cycles are found.
 */
export type Include = (spec: string, from: SourceFile) => SourceFile | { readonly missing: string }

export interface SourceLine {
  readonly file: string
  readonly line: number
  /** Without line end and unquoted blanks at its end. */
  readonly text: string
  /** Last line of its file: nothing can be continued over it. */
  readonly last: boolean
}

/** Reads on while the consumer says through `next(true)` that a row goes on; such lines are never includes. */
export type SourceLines = Generator<SourceLine, void, boolean>

export function* sourceLines(main: SourceFile, include: Include, problems: Problems): SourceLines {
  const budget = { lines: 0, includes: 0 }
  yield* linesOf(main, [main.name], include, problems, budget)
}

function* linesOf(
  source: SourceFile,
  open: readonly string[],
  include: Include,
  problems: Problems,
  budget: { lines: number; includes: number },
): SourceLines {
  let goesOn = false
  for (const { line, text, last } of split(source.text)) {
    if (++budget.lines > FILE_LIMITS.lines) return
    if (!goesOn && text.startsWith('<')) {
      const at = { file: source.name, line, column: 2 }
      const included = find(source, text.slice(1).trim(), open, at, include, problems, budget)
      if (included !== undefined) yield* linesOf(included, [...open, included.name], include, problems, budget)
    } else goesOn = yield { file: source.name, line, text, last }
  }
  if (budget.lines > FILE_LIMITS.lines) tooManyLines(source, problems)
}

function find(
  source: SourceFile,
  spec: string,
  open: readonly string[],
  at: Place,
  include: Include,
  problems: Problems,
  budget: { includes: number },
): SourceFile | undefined {
  const refuse = (message: string, reason: string, fix: string): undefined =>
    void problems.add(at, Math.max(1, spec.length), error('mapping-include', message, reason, fix))
  if (spec === '') return refuse('an include names no file', 'There is nothing to read.', 'write <FILE in column 1')
  if (++budget.includes > FILE_LIMITS.includes || open.length > FILE_LIMITS.includeDepth)
    return refuse(
      'too many includes',
      'Files that include each other this often never end.',
      'put the tables in fewer files',
    )
  const file = include(spec, source)
  if ('missing' in file)
    return refuse(
      `the included file ${spec} cannot be read: ${file.missing}`,
      'Its tables and rows would be missing without anybody noticing.',
      'write the full path of a file that exists, or remove the line',
    )
  if (open.includes(file.name))
    return refuse(
      `${spec} includes itself`,
      `It is being read already: ${[...open, file.name].join(' > ')}.`,
      'remove one of the includes',
    )
  return file
}

function tooManyLines(source: SourceFile, problems: Problems): void {
  const message = `more than ${FILE_LIMITS.lines} lines`
  problems.add(
    { file: source.name, line: 1, column: 1 },
    1,
    error(
      'mapping-too-long',
      message,
      'What comes behind them is not read.',
      'move long lists to the general database',
    ),
  )
}

/**
 * The files a text includes, in order, as written: for callers that read files before they load tables. May name a few
 * too many: a row continued in column 1 can look like an include.
 */
export function includesOf(text: string): readonly string[] {
  const specs: string[] = []
  for (const line of split(text)) if (line.text.startsWith('<')) specs.push(line.text.slice(1).trim())
  return specs.filter((spec) => spec !== '')
}

function* split(text: string): Generator<{ line: number; text: string; last: boolean }> {
  let start = text.startsWith('\uFEFF') ? 1 : 0
  for (let line = 1; start < text.length; line++) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const raw = text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end)
    start = end + 1
    yield { line, text: raw.slice(0, trimmedEnd(raw)), last: start >= text.length }
  }
}
