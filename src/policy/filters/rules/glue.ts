// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Makes one script of a person's rules (spec filters.md 11): those that are on, in their order, with one `require` at
 * the top. Lines stay whole, so that every line of the script is a line of a rule (`placeOf`); apart from `require`,
 * which is blanked where it stood, bodies keep every octet.
 *
 * One exception: `${…}` is plain text to a rule that asked for neither variables nor encoded characters. Beside a rule
 * that did, it is written so that it stays plain text.
 *
 * Variables, flags and `stop` are those of the whole script: a rule sees what rules before it did.
 */
import type {
  CommandNode,
  Diagnostic,
  ScriptNode,
  SieveEngine,
  SieveLimits,
  SieveProgram,
} from '../../../sieve/index.ts'
import { quoteString, replaceSpans } from '../../../sieve/index.ts'
import { parseRule } from './rule.ts'

export interface GlueOptions {
  /** What a value must compile with to count. */
  readonly engine: SieveEngine
  /** As `CompileOptions.level`; `user` when absent. */
  readonly level?: string
  readonly limits?: Partial<SieveLimits>
}

export interface Dropped {
  /** Of the value, from 0. */
  readonly index: number
  readonly diagnostics: readonly Diagnostic[]
}

export interface Glued {
  /** Empty when no rule is on: that is an absent script. */
  readonly text: string
  /** The text, compiled; absent when it is empty. Its lines are those of `text`. */
  readonly program?: SieveProgram
  /** Where a line of the text (from 1) stands; `undefined` for the line that holds `require`. */
  placeOf(line: number): { readonly index: number; readonly line: number } | undefined
  /** Values that are left out because something is wrong with them. */
  readonly dropped: readonly Dropped[]
  /** Indices of the values that are in, in the order they run. */
  readonly order: readonly number[]
}

/** More values are dropped: nobody writes so many rules, and each is compiled. */
export const MAX_RULES = 1000
/** So many times the octets of a script are compiled at most: invalid values cost too, and take no room. */
const MAX_COMPILED = 4

/** Indices of the rules that are on, in the order they run; ties keep the order of the values. */
export function runOrder(values: readonly string[]): readonly number[] {
  const on = values.map((value, index) => ({ index, order: parseRule(value).order })).filter(({ order }) => order !== 0)
  const place = (order: number | undefined): number => order ?? Number.POSITIVE_INFINITY
  return on
    .toSorted((a, b) => (place(a.order) === place(b.order) ? a.index - b.index : place(a.order) - place(b.order)))
    .map(({ index }) => index)
}

export function glue(values: readonly string[], { engine, level = 'user', limits = {} }: GlueOptions): Glued {
  const dropped: Dropped[] = []
  let taken: Taken[] = []
  const { scriptBytes } = { ...engine.limits, ...limits }
  let left = scriptBytes
  let compiledBytes = 0
  for (const [count, index] of runOrder(values).entries()) {
    const value = withoutMark(values[index] ?? '')
    const name = `rule ${index + 1}`
    const cost = Buffer.byteLength(value) + 1
    if (cost > left || count >= MAX_RULES || compiledBytes + cost > MAX_COMPILED * scriptBytes) {
      dropped.push({ index, diagnostics: [tooMuch(name, scriptBytes)] })
      continue
    }
    compiledBytes += cost
    const compiled = engine.compile(value, { name, level, limits })
    if (!compiled.ok) {
      dropped.push({ index, diagnostics: compiled.diagnostics })
      continue
    }
    left -= cost
    taken.push({ index, program: compiled.program })
  }
  // Rules that are valid alone and not together are rare: a limit on the whole, or two extensions that exclude each other.
  for (let round = 0; round < MAX_ROUNDS && taken.length > 0; round++) {
    const { text, placeOf } = join(taken)
    const { program, diagnostics } = engine.compile(text, { name: 'rules', level, limits })
    if (program !== undefined) {
      return { text, program, placeOf, dropped, order: taken.map(({ index }) => index) }
    }
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    const last = taken.at(-1)?.index
    const blamed = new Set(errors.map(({ line }) => placeOf(line)?.index ?? last))
    for (const { index } of taken.filter((each) => blamed.has(each.index)))
      dropped.push({ index, diagnostics: errors.filter(({ line }) => (placeOf(line)?.index ?? last) === index) })
    taken = taken.filter(({ index }) => !blamed.has(index))
  }
  for (const { index } of taken) dropped.push({ index, diagnostics: [tooMuch(`rule ${index + 1}`, scriptBytes)] })
  return { text: '', placeOf: () => undefined, dropped, order: [] }
}

/**
 * A byte order mark at the beginning of a person's text, which the comment in front of it keeps from being one. A blank in
 * its place, so that columns stay.
 */
function withoutMark(value: string): string {
  const { text } = parseRule(value)
  const at = value.length - text.length
  return at > 0 && text.startsWith('\ufeff') ? `${value.slice(0, at)} ${text.slice(1)}` : value
}

interface Taken {
  readonly index: number
  readonly program: SieveProgram
}

/** Each round drops a rule at least; whoever needs more has rules that do not go together. */
const MAX_ROUNDS = 8

function join(taken: readonly Taken[]): Pick<Glued, 'text' | 'placeOf'> {
  const together = new Set(taken.flatMap(({ program }) => [...program.enabled]))
  const names = new Set(taken.flatMap(({ program }) => required(program.ast)))
  const bodies = taken.map(({ program }) => bodyOf(program, together))
  /** First line of each body. */
  const starts: { line: number; index: number }[] = []
  let line = 2
  for (const [i, { index }] of taken.entries()) {
    starts.push({ line, index })
    line += (bodies[i] ?? '').split('\n').length - 1
  }
  const placeOf = (asked: number): { index: number; line: number } | undefined => {
    if (asked >= line) return undefined
    const found = starts.findLast((start) => start.line <= asked)
    return found === undefined ? undefined : { index: found.index, line: asked - found.line + 1 }
  }
  return { text: `${requireLine(names)}\n${bodies.join('')}`, placeOf }
}

/** RFC 5228 §3.2. In pieces, as lists of strings have a limit. */
function requireLine(names: ReadonlySet<string>): string {
  const quoted = [...names].map(quoteString)
  const pieces: string[] = []
  for (let at = 0; at < quoted.length; at += 32) pieces.push(`require [${quoted.slice(at, at + 32).join(', ')}];`)
  return pieces.join(' ')
}

const isRequire = ({ name }: CommandNode): boolean => name === 'require'

const required = (ast: ScriptNode): readonly string[] =>
  ast.commands.filter(isRequire).flatMap(({ arguments: [list] }) => {
    if (list?.node === 'string') return [list.value]
    return list?.node === 'string-list' ? list.strings.map(({ value }) => value) : []
  })

/** The body, with `require` blanked, its text kept from a meaning that others brought in, and a line end. */
function bodyOf({ ast, source, enabled }: SieveProgram, together: ReadonlySet<string>): string {
  const blank = ({ start, end }: { start: number; end: number }) => {
    return { start, end, text: source.slice(start, end).replace(/[^\r\n]/g, ' ') }
  }
  const changes = [
    // A byte order mark is one at the beginning only.
    ...(source.startsWith('\ufeff') ? [blank({ start: 0, end: 1 })] : []),
    ...ast.commands.filter(isRequire).map(blank),
    ...plainStrings(ast, source, enabled, together),
  ]
  const text = replaceSpans(source, changes)
  return text.endsWith('\n') ? text : `${text}\n`
}

/** Never set by anybody, hence empty (RFC 5229 §3): `$${…}{x}` is the text `${x}`. */
const EMPTY = 'postern_never_set'

const ANY = /\$\{/g
const ENCODED = /\$\{(?=(?:hex|unicode):)/gi
const NOT_ENCODED = /\$\{(?!(?:hex|unicode):)/gi

function plainStrings(ast: ScriptNode, source: string, own: ReadonlySet<string>, together: ReadonlySet<string>) {
  const brought = (extension: string): boolean => together.has(extension) && !own.has(extension)
  if (!brought('variables') && !brought('encoded-character')) return []
  const meant = own.has('variables') ? ENCODED : own.has('encoded-character') ? NOT_ENCODED : ANY
  const instead = together.has('variables') ? `$\${${EMPTY}}{` : '${hex:24}{'
  const plain = (text: string): string => text.replace(meant, () => instead)
  return ast.tokens
    .filter(({ kind, text }) => kind === 'string' && text.includes('${'))
    .map(({ start, end, text }) => {
      const written = source.slice(start, end)
      return { start, end, text: written.startsWith('"') ? quoteString(plain(text)) : plain(written) }
    })
}

const tooMuch = (scriptName: string, octets: number): Diagnostic => ({
  severity: 'error',
  phase: 'validate',
  code: 'limit-script-bytes',
  message: `the rules together have more than ${octets} octets or ${MAX_RULES} rules`,
  scriptName,
  line: 1,
  column: 1,
  endLine: 1,
  endColumn: 1,
  start: 0,
  end: 0,
})
