// SPDX-License-Identifier: Apache-2.0
/**
 * The alias file and included files. Properties:
 * - every text gives entries and problems; nothing is thrown; at most 100 problems;
 * - each problem and each entry names a place that is there in the file; no two entries have one key;
 * - every name and member is an address or a local part; programs are absolute; no NUL or line end reaches any;
 * - the entries, written as a file, are read the same.
 */
import assert from 'node:assert/strict'
import { parseAddress } from '../../../src/address/path.ts'
import {
  type AliasFileEntry,
  type AliasFileProblem,
  type AliasMember,
  parseAliasFile,
  parseIncluded,
} from '../../../src/directory/alias-file.ts'
import { any, chars, LETTERS, many, maybe, OBJECT_NAMES, octets, repeated, seq, utf8 } from '../grammar.ts'
import { type Target, textOf } from '../target.ts'

const blank = any('', ' ', '\t', '  ')
const name = any(
  'root',
  'sales',
  'owner-sales',
  'a@example.org',
  '"odd name"',
  '"a\\"b"@example.org',
  utf8('jürgen'),
  utf8('İ'),
  OBJECT_NAMES,
  chars(`${LETTERS}.@":\\`, 0, 12),
)
const member = any(
  name,
  '\\root',
  '|/bin/cat -u',
  '"|/bin/x \\"a b\\" c"',
  '|"/bin/x y"',
  '|x',
  ':include:/etc/list',
  ':include:',
  '/var/mail/x',
  '[AUTH_LIST]a',
  'Kim <kim@example.org>',
  repeated('m', 300),
  octets(0, 6),
)
const newline = any('\n', '\n', '\r\n', '\r')
const line = any(
  seq(name, blank, ':', blank, many(member, 0, 5, any(', ', ',', ' ,', ',\n ', '\\\n')), blank),
  seq(any('#', '!', ' #'), chars(LETTERS, 0, 20)),
  seq(' ', member, maybe(',')),
  member,
)

export const aliases: Target = {
  name: 'aliases',
  grammar: many(seq(line, newline), 0, 8),
  dictionary: [
    ':',
    ',',
    '\n',
    '\n ',
    '\\\n',
    '"',
    '\\',
    '|',
    ':include:',
    '#',
    '<',
    '>',
    '@',
    '\0',
    '\r',
    'owner-',
    utf8('\u2028'),
  ],
  seeds: [Buffer.from('# x\nroot: kim,\n  lee@example.org\nlist: "|/bin/cat -u", :include:/etc/l\nowner-list: root\n')],
  shortRuns: 2000,
  check(input) {
    const text = textOf(input)
    const { entries, problems } = parseAliasFile(text, 'aliases')
    const lines = text.split('\n')
    for (const problem of problems) checkPlace(problem, lines)
    assert.ok(problems.length <= 100)
    const keys = entries.map((entry) => entry.name.toLowerCase().normalize('NFC'))
    assert.equal(new Set(keys).size, keys.length, 'two entries of one name')
    for (const entry of entries) checkEntry(entry, lines)
    const again = parseAliasFile(entries.map(written).join('\n'), 'aliases').entries
    assert.deepEqual(again.map(essence), entries.map(essence), 'entries read again')

    const included = parseIncluded(text)
    for (const problem of included.problems) checkPlace(problem, lines)
    for (const one of included.names) checkName(one)
  },
}

function checkPlace({ line, column, message }: AliasFileProblem, lines: readonly string[]): void {
  const there = lines[line - 1]
  assert.ok(there !== undefined, `line ${line} is not there`)
  assert.ok(column >= 1 && column <= there.length + 1, `column ${column} is not in line ${line}`)
  assert.ok(message.length < 1000 || message.length <= 2 * there.length + 200, 'a message longer than the line')
}

function checkEntry({ name, members, at }: AliasFileEntry, lines: readonly string[]): void {
  checkName(name)
  checkPlace({ line: at.line, column: at.column, message: '' }, lines)
  assert.ok(at.text.length <= 200)
  for (const member of members) {
    if ('name' in member) checkName(member.name)
    else if ('pipe' in member) assert.ok(member.pipe[0]?.startsWith('/'))
    else assert.notEqual(member.include, '')
  }
}

const checkName = (name: string): void =>
  assert.ok(
    parseAddress(name) !== undefined || parseAddress(`${name}@a.invalid`) !== undefined,
    `${JSON.stringify(name)} is no address`,
  )

/** Names and addresses alone: how a program was quoted is not kept. */
const names = (members: readonly AliasMember[]): readonly string[] =>
  members.flatMap((member) => ('name' in member ? [member.name] : []))

const essence = ({ name, members }: AliasFileEntry) => ({ name, members: names(members) })

const written = ({ name, members }: AliasFileEntry): string => {
  const list = names(members).map((member) => (member.includes('<') ? member : `<${member}>`))
  // An entry without a member of that kind gets one that cannot be.
  return `${/[\s:,|#]/.test(name) && !name.includes('"') ? `"${name}"` : name}: ${list.length === 0 ? '/nobody' : list.join(', ')}`
}
