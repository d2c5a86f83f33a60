// SPDX-License-Identifier: Apache-2.0
/**
 * The `aliases` file in its historical form: `name: member, member`, continued on lines that begin with a blank or end
 * with a comma; `#` and `!` begin comments. A name without a domain holds for every domain of ours. Members are
 * addresses, names, `|program arguments` and `:include:file`. `owner-NAME` gives the list NAME its owner.
 */
import type { SourceRef } from '../ask/decided-by.ts'

export interface AliasMember {
  /** An address, or a name without a domain. */
  readonly name?: string
  /** Program and arguments. */
  readonly pipe?: readonly string[]
  /** A file with one member a line. */
  readonly include?: string
}

export interface AliasFileEntry {
  /** Lower case; with or without a domain. */
  readonly name: string
  readonly members: readonly AliasMember[]
  readonly at: SourceRef
}

export interface AliasFileProblem {
  readonly line: number
  readonly column: number
  readonly message: string
}

const MAX_PROBLEMS = 100

export function parseAliasFile(
  text: string,
  file: string,
): { readonly entries: readonly AliasFileEntry[]; readonly problems: readonly AliasFileProblem[] } {
  const entries: AliasFileEntry[] = []
  const problems: AliasFileProblem[] = []
  const seen = new Map<string, number>()
  for (const { line, content } of logicalLines(text)) {
    const problem = (column: number, message: string): void => {
      if (problems.length < MAX_PROBLEMS) problems.push({ line, column, message })
    }
    const name = nameAt(content)
    if (name === undefined) {
      problem(1, 'expected a name and a colon')
      continue
    }
    const key = name.name.toLowerCase()
    const before = seen.get(key)
    if (before !== undefined) {
      problem(1, `${name.name} is defined already, on line ${before}`)
      continue
    }
    const members = splitMembers(content.slice(name.end)).map((raw) => memberOf(raw))
    const bad = members.indexOf(undefined)
    if (bad >= 0)
      problem(name.end + 1, `member ${bad + 1} of ${name.name} is neither an address, a name, a program nor an include`)
    const good = members.filter((member) => member !== undefined)
    if (members.length === 0) problem(name.end + 1, `${name.name} has no members`)
    if (good.length === 0) continue
    seen.set(key, line)
    entries.push({ name: key, members: good, at: { file, line, column: 1, text: content.slice(0, 200) } })
  }
  return { entries, problems }
}

/** Members of an included file: one a line, or separated by commas. */
export const parseIncluded = (text: string): readonly AliasMember[] =>
  logicalLines(text).flatMap(({ content }) => splitMembers(content).flatMap((raw) => memberOf(raw) ?? []))

function logicalLines(text: string): { line: number; content: string }[] {
  const lines: { line: number; content: string }[] = []
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:[#!]|$)/.test(raw)) continue
    const last = lines.at(-1)
    if (last !== undefined && (/^[ \t]/.test(raw) || last.content.endsWith(','))) last.content += ` ${raw.trim()}`
    else lines.push({ line: i + 1, content: raw.trim() })
  }
  return lines
}

function nameAt(content: string): { name: string; end: number } | undefined {
  const quoted = /^"([^"]+)"\s*:/.exec(content)
  const plain = /^([^\s:,"|]+)\s*:/.exec(content)
  const m = quoted ?? plain
  return m?.[1] === undefined ? undefined : { name: m[1], end: m[0].length }
}

/** At commas outside quotes. */
function splitMembers(text: string): readonly string[] {
  const parts: string[] = []
  let part = ''
  let quoted = false
  for (const c of text) {
    if (c === '"') quoted = !quoted
    if (c === ',' && !quoted) {
      parts.push(part)
      part = ''
    } else part += c
  }
  return [...parts, part].map((p) => p.trim()).filter((p) => p !== '')
}

function memberOf(raw: string): AliasMember | undefined {
  const whole = /^"(\|.*)"$/.exec(raw)?.[1] ?? raw
  if (whole.startsWith('|')) {
    const argv = words(whole.slice(1))
    return argv.length === 0 ? undefined : { pipe: argv }
  }
  const include = /^:include:\s*(\S+)$/i.exec(raw)?.[1]
  if (include !== undefined) return { include }
  const inBrackets = /<([^<>]+)>$/.exec(raw)?.[1] ?? raw
  return /[\s,<>|]/.test(inBrackets.replace(/"[^"]*"/g, '')) || inBrackets.startsWith('/')
    ? undefined
    : { name: inBrackets }
}

/** Words as a shell would see them, without any of its magic: quotes group, nothing is replaced. */
function words(text: string): readonly string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? '')
}
