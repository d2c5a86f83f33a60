// SPDX-License-Identifier: Apache-2.0
/** What can be said of a row once its columns are read: fields, flags and arguments that are not there. */

import { argumentsOf, KNOWN_SIGNS, knownTable } from './known-tables.ts'
import { DOCUMENTED } from './limits.ts'
import type { Pattern } from './pattern.ts'
import { type Report, warning } from './problem.ts'
import { LOOKUP_SYNTAX, type Template, type TemplateNode } from './template.ts'

/** `report` takes offsets of the template. `hasTable`: is there a table of that name? */
export function checkRow(
  table: string,
  pattern: Pattern,
  template: Template,
  hasTable: (name: string) => boolean,
  report: Report,
): void {
  for (const node of everyNode(template.nodes)) {
    checkField(node, pattern, report)
    checkFlag(node, table, report)
    if ('argument' in node) checkArgument(node, hasTable, report)
  }
  checkFlagArguments(table, template, report)
}

function* everyNode(nodes: readonly TemplateNode[]): Generator<TemplateNode> {
  for (const node of nodes) {
    yield node
    if ('argument' in node) yield* everyNode(node.argument)
  }
}

function checkField(node: TemplateNode, { fields }: Pattern, report: Report): void {
  if (node.kind !== 'field' || node.field < fields) return
  const has =
    fields === 0 ? 'has no fields' : `has ${fields === 1 ? 'one field, $0' : `the fields $0 to $${fields - 1}`}`
  report(
    node.from,
    node.to,
    warning('mapping-field', `the pattern ${has}`, `$${node.field} is empty.`, 'count wildcards and classes from 0'),
  )
}

function checkFlag(node: TemplateNode, table: string, report: Report): void {
  const known = knownTable(table)
  const warn = (message: string, reason: string, fix: string): void =>
    report(node.from, node.to, warning('mapping-flag', message, reason, fix))
  if (node.kind === 'if-flag' && known !== undefined && !known.input.includes(node.flag))
    warn(
      `nobody sets the input flag ${node.flag} for ${table}`,
      `The test ${node.set ? 'always fails' : 'always succeeds'}.`,
      known.input === '' ? 'remove the test' : `test one of ${[...known.input].join(' ')}`,
    )
  else if (node.kind === 'if-flag' && !/^[A-Z]$/.test(node.flag))
    warn(
      `${node.flag} is no input flag`,
      `The test ${node.set ? 'always fails' : 'always succeeds'}.`,
      'input flags are letters: $:A',
    )
  if (node.kind !== 'flag') return
  const flags = known === undefined ? undefined : known.plain + known.withArgument + known.optional
  if (flags !== undefined && !flags.includes(node.flag))
    warn(
      `the flag ${node.flag} means nothing in ${table}`,
      'It is set and nobody looks at it.',
      `check the letter; ${table} knows ${[...flags].join(' ')}`,
    )
  else if (flags === undefined && !/^[A-Z]$/.test(node.flag) && !KNOWN_SIGNS.includes(node.flag))
    warn(
      `$${node.flag} sets the flag ${node.flag}, which no table knows`,
      'It writes nothing.',
      `write ${node.flag} alone, or $$${node.flag} if a dollar is meant`,
    )
}

type LookupNode = Extract<TemplateNode, { readonly argument: readonly TemplateNode[] }>

function checkArgument(node: LookupNode, hasTable: (name: string) => boolean, report: Report): void {
  const warn = (message: string, fix: string): void =>
    report(node.from, node.to, warning('mapping-argument', message, 'The row always fails here.', fix))
  // Only what is written out can be judged; a look-up or field may bring what is missing.
  const text = node.argument.every(({ kind }) => kind === 'text') ? textOf(node.argument) : undefined
  const start = textOf(node.argument.slice(0, 1))
  const { opens, closes } = LOOKUP_SYNTAX[node.kind]
  if (text === '') warn(`$${opens}${closes} is empty`, 'say what to look up, or remove it')
  else if (node.kind === 'chance' && text !== undefined && !isPercent(text))
    warn(`${text} is no percentage`, 'write a number from 0 to 100: $?50?')
  else if (node.kind === 'table' && start.includes(';')) {
    const name = start.slice(0, start.indexOf(';'))
    if (!hasTable(name))
      report(
        node.from,
        node.to,
        warning(
          'mapping-unknown-table',
          `there is no table ${name}`,
          'The row always fails here.',
          'add it, or mend the name',
        ),
      )
  } else if (node.kind === 'table' && text !== undefined) warn('no ; behind the table name', 'write $|TABLE;$0|')
  else if (node.kind === 'domain' && text !== undefined && !text.includes(','))
    warn('no , between domain and attribute', 'write $}$0,attribute{')
  else if (node.kind === 'call' && text !== undefined && text.split(',').length < 3)
    warn('a call-out without image, routine and argument', 'write $[image,routine,argument]')
  const longest = node.kind === 'call' ? DOCUMENTED.callOut : DOCUMENTED.expression
  if (textOf(node.argument).length > longest)
    report(
      node.from,
      node.to,
      warning(
        'mapping-too-long',
        `an argument of more than ${longest} characters`,
        'It is taken whole here; the historical server would not.',
        'shorten it',
      ),
    )
}

/** Only where the output is nothing but written text: fields and look-ups may bring bars of their own. */
function checkFlagArguments(table: string, { nodes }: Template, report: Report): void {
  const known = knownTable(table)
  const plain = nodes.every(({ kind }) => ['text', 'flag', 'control', 'case', 'if-flag'].includes(kind))
  if (known === undefined || !plain) return
  const text = textOf(nodes)
  let given = text === '' ? 0 : text.split('|').length
  for (const flag of known.withArgument) {
    const node = nodes.find((each) => each.kind === 'flag' && each.flag === flag)
    if (node === undefined) continue
    given -= argumentsOf(flag)
    if (given >= 0) continue
    report(
      node.from,
      node.to,
      warning(
        'mapping-flag-argument',
        `the flag ${flag} has no argument`,
        'The flag is ignored.',
        `write its argument into the text; arguments are separated by | and read in the order ${[...known.withArgument].join(' ')}`,
      ),
    )
    given = 0
  }
}

const textOf = (nodes: readonly TemplateNode[]): string => nodes.map((n) => (n.kind === 'text' ? n.text : '')).join('')

/** A real number from 0 to 100, spec mapping-tables.md 4.5. */
export const isPercent = (text: string): boolean =>
  /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(text.trim()) && Number(text.trim()) <= 100
