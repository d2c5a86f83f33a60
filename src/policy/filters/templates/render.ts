// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a rule's script of a template and answers. What comes out compiles at the level and under the limits of a user,
 * or is refused with the field named (spec filters.md 11).
 */
import type { Diagnostic, SieveEngine, SieveLimits } from '../../../sieve/index.ts'
import { type Answers, type FieldProblem, readAnswers } from './answers.ts'
import { encodeAnswer, type Meaning } from './encode.ts'
import type { Template } from './template.ts'

export interface RenderOptions {
  readonly engine: SieveEngine
  /** As `CompileOptions.level`; `user` when absent. */
  readonly level?: string
  readonly limits?: Partial<SieveLimits>
}

export type Rendered =
  | {
      readonly kind: 'rendered'
      readonly text: string
      /** As they are stored: each of the type of its field. */
      readonly answers: Answers
    }
  | { readonly kind: 'refused'; readonly problems: readonly FieldProblem[] }

export function renderTemplate(
  template: Template,
  given: Readonly<Record<string, unknown>>,
  options: RenderOptions,
): Rendered {
  const read = readAnswers(template.fields, given)
  if (read.kind === 'refused') return read
  const tried = tryAnswers(template, read.answers, options)
  if (tried.errors.length === 0) return { kind: 'rendered', text: tried.text, answers: read.answers }
  return { kind: 'refused', problems: tried.errors.map(({ field, diagnostic: { message } }) => named(field, message)) }
}

const named = (field: string | undefined, message: string): FieldProblem =>
  field === undefined ? { message: `the script of the template: ${message}` } : { field, message }

export interface Tried {
  readonly text: string
  readonly errors: readonly TriedError[]
}

export interface TriedError {
  /** Whose answer it stands in. */
  readonly field?: string
  /** Where it stands in the template, from this offset of the file. */
  readonly at: number
  readonly diagnostic: Diagnostic
}

/** The script, compiled. Answers are of the types of their fields. */
export function tryAnswers(template: Template, answers: Answers, options: RenderOptions): Tried {
  const { engine, level = 'user', limits = {} } = options
  const compile = (text: string) => engine.compile(text, { name: template.name, level, limits })
  let written = write(template, answers, { variables: false, encodedCharacter: false })
  let { program, diagnostics } = compile(written.text)
  const meaning = {
    variables: program?.enabled.has('variables') ?? false,
    encodedCharacter: program?.enabled.has('encoded-character') ?? false,
  }
  // Only a script that compiles tells what it requires. Compiling has no effects, so the first one does no harm.
  if (program === undefined && hasDollar(answers)) {
    const without = write(template, withoutDollar(answers), meaning)
    const bare = compile(without.text).program
    meaning.variables = bare?.enabled.has('variables') ?? false
    meaning.encodedCharacter = bare?.enabled.has('encoded-character') ?? false
  }
  if (meaning.variables || meaning.encodedCharacter) {
    written = write(template, answers, meaning)
    const again = compile(written.text)
    program = again.program
    diagnostics = again.diagnostics
  }
  if (program !== undefined) return { text: written.text, errors: [] }
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  return { text: written.text, errors: errors.map((diagnostic) => ({ ...written.origin(diagnostic), diagnostic })) }
}

interface Written {
  readonly text: string
  origin(span: { readonly start: number; readonly end: number }): { readonly field?: string; readonly at: number }
}

function write({ source, bodyStart, placeholders, fields }: Template, answers: Answers, meaning: Meaning): Written {
  const pieces: { start: number; end: number; at: number; field?: string }[] = []
  let text = ''
  const add = (piece: string, at: number, field?: string): void => {
    pieces.push({ start: text.length, end: text.length + piece.length, at, ...(field === undefined ? {} : { field }) })
    text += piece
  }
  let from = bodyStart
  for (const { id, start, end } of placeholders) {
    add(source.text.slice(from, start), from)
    const field = fields.find((each) => each.id === id)
    const answer = answers[id]
    if (field !== undefined && answer !== undefined) add(encodeAnswer(field, answer, meaning), start, id)
    from = end
  }
  add(source.text.slice(from), from)
  const origin = ({ start, end }: { readonly start: number; readonly end: number }) => {
    // What an error spans may begin before the answer it is about.
    const own = pieces.find(
      (piece) => piece.field !== undefined && piece.start < Math.max(end, start + 1) && start < piece.end,
    )
    const piece = own ?? pieces.findLast((each) => each.start <= start)
    if (piece?.field !== undefined) return { field: piece.field, at: piece.at }
    return { at: piece === undefined ? bodyStart : piece.at + start - piece.start }
  }
  return { text, origin }
}

const hasDollar = (answers: Answers): boolean => JSON.stringify(answers).includes('${')

const withoutDollar = (answers: Answers): Answers => {
  const plain = <T>(value: T): T | string => (typeof value === 'string' ? value.replaceAll('${', '$ {') : value)
  return Object.fromEntries(
    Object.entries(answers).map(([id, value]) => [id, typeof value === 'object' ? value.map(plain) : plain(value)]),
  )
}
