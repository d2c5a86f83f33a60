// SPDX-License-Identifier: Apache-2.0
/**
 * The `aliases` file in its historical form: `name: member, member`, continued on lines that begin with a blank, or
 * after a comma or a backslash at the end of a line; `#` and `!` begin comment lines. A name without a domain holds for
 * every domain of ours. Members are addresses, names, `|program arguments` and `:include:file`; `owner-NAME` gives the
 * list NAME its owner. Named parameters, `[AUTH_MAPPING] TABLE`, may stand among the members (list-parameters.ts). Does
 * not read files as members; they are reported.
 */
import { parseAddress } from '../address/path.ts'
import type { SourceRef } from '../ask/decided-by.ts'
import { type Line, logicalLines, type Piece, splitMembers } from './alias-lines.ts'
import { isParameter, type ListParameter, parameterOf } from './list-parameters.ts'

export type AliasMember =
  /** An address, or a local part alone. */
  | { readonly name: string }
  /** Program and arguments. */
  | { readonly pipe: readonly string[] }
  /** A file with one member a line. */
  | { readonly include: string }

export interface AliasFileEntry {
  /** With or without a domain, as in the file. */
  readonly name: string
  /** Those that could be read; none when there was no other. */
  readonly members: readonly AliasMember[]
  /** Named parameters, in their order. */
  readonly parameters: readonly ListParameter[]
  readonly at: SourceRef
}

export interface AliasFileProblem {
  readonly line: number
  readonly column: number
  readonly message: string
}

const MAX_PROBLEMS = 100
/** Characters of a line in a trace. */
const MAX_SHOWN = 200

export function parseAliasFile(
  text: string,
  file: string,
): { readonly entries: readonly AliasFileEntry[]; readonly problems: readonly AliasFileProblem[] } {
  const entries: AliasFileEntry[] = []
  const problems: AliasFileProblem[] = []
  const seen = new Map<string, number>()
  for (const line of logicalLines(text)) {
    const problem = (offset: number, message: string): void => {
      if (problems.length < MAX_PROBLEMS) problems.push({ ...line.place(offset), message })
    }
    const named = nameAt(line)
    if (typeof named === 'string') {
      problem(0, named)
      continue
    }
    const { name, end } = named
    const key = name.toLowerCase().normalize('NFC')
    const before = seen.get(key)
    if (before !== undefined) {
      problem(0, `${name} is defined already, on line ${before}`)
      continue
    }
    const { line: number, column } = line.place(0)
    seen.set(key, number)
    const members: AliasMember[] = []
    const parameters: ListParameter[] = []
    const pieces = splitMembers(line.content, end)
    if (pieces.every(({ text }) => isParameter(text))) problem(end - 1, `${name} has no members`)
    for (const piece of pieces) {
      const read = isParameter(piece.text) ? parameterOf(piece.text) : memberOf(piece, name)
      if (typeof read === 'string') problem(piece.offset, read)
      else if ('parameter' in read) parameters.push(read)
      else members.push(read)
    }
    entries.push({
      name,
      members,
      parameters,
      at: { file, line: number, column, text: line.first.slice(0, MAX_SHOWN) },
    })
  }
  return { entries, problems }
}

/** Members of an included file: one a line, or separated by commas. Only addresses and names may stand there. */
export function parseIncluded(text: string): {
  readonly names: readonly string[]
  readonly problems: readonly AliasFileProblem[]
} {
  const names: string[] = []
  const problems: AliasFileProblem[] = []
  for (const line of logicalLines(text))
    for (const piece of splitMembers(line.content, 0)) {
      const member = memberOf(piece, '')
      const message =
        typeof member === 'string' || 'name' in member ? member : 'an included file may name addresses alone'
      if (typeof message !== 'string') names.push(message.name)
      else if (problems.length < MAX_PROBLEMS) problems.push({ ...line.place(piece.offset), message })
    }
  return { names, problems }
}

/** The name, and where its members begin; or what is wrong. */
function nameAt({ content }: Line): { readonly name: string; readonly end: number } | string {
  const m = /^("(?:[^"\\]|\\.)+"(?:@[^\s:,"|]+)?|[^\s:,"|]+)[ \t]*:/.exec(content)
  if (m?.[1] === undefined) return 'expected a name and a colon'
  const name = localName(m[1])
  return name === undefined ? `${m[1]} can be no address` : { name, end: m[0].length }
}

/** The address, or the local part alone; quotes that need not be there are taken off. */
function localName(text: string): string | undefined {
  if (parseAddress(text) !== undefined) return text
  const plain = text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
  // Quotes within quotes would lose a layer each time they are read.
  if (plain !== text && plain.startsWith('"')) return undefined
  if (parseAddress(plain) !== undefined) return plain
  for (const local of [plain, text]) if (parseAddress(`${local}@a.invalid`) !== undefined) return local
  return undefined
}

/** The member, or what is wrong with it. `owner`: the alias it is a member of. */
function memberOf({ text }: Piece, owner: string): AliasMember | string {
  const whole = /^"(\|.*)"$/.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? text
  if (whole.startsWith('|')) {
    // Both `"|/bin/x y"` and `|"/bin/x y"` are program and argument.
    const command = whole.slice(1).trim()
    const argv = words(/^"([^"]*)"$/.exec(command)?.[1] ?? command)
    if (argv[0]?.startsWith('/') !== true) return 'a program is named by its absolute path'
    return { pipe: argv }
  }
  if (/^:include:/i.test(text)) {
    const include = text.slice(':include:'.length).trim()
    return include === '' ? ':include: names no file' : { include }
  }
  if (text.startsWith('/') || text.startsWith('"/')) return 'a file cannot be a member'
  if (text.startsWith('[')) return 'named parameters stand with an alias alone'
  // sendmail's `\name`: the mailbox itself. That is what an alias's own name among its members means here.
  if (text.startsWith('\\') && text.slice(1).toLowerCase() !== owner.toLowerCase())
    return 'a backslash may stand before the name of the alias itself alone'
  const bare = text.startsWith('\\') ? text.slice(1) : text
  const inBrackets = bare.endsWith('>') ? bare.slice(bare.lastIndexOf('<') + 1, -1) : bare
  const name = localName(inBrackets)
  return name === undefined ? `${text.slice(0, MAX_SHOWN)} is no address, name, program or include` : { name }
}

/** Words as a shell would see them, without any of its magic: quotes group, nothing is replaced. */
function words(text: string): readonly string[] {
  const found: string[] = []
  let word: string | undefined
  let quote = ''
  for (const c of text) {
    if (quote !== '') {
      if (c === quote) quote = ''
      else word = `${word ?? ''}${c}`
    } else if (c === '"' || c === "'") {
      quote = c
      word ??= ''
    } else if (c === ' ' || c === '\t') {
      if (word !== undefined) found.push(word)
      word = undefined
    } else word = `${word ?? ''}${c}`
  }
  return word === undefined ? found : [...found, word]
}
