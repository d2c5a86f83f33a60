// SPDX-License-Identifier: Apache-2.0
/** The alias file. Proves: what each form means, that every problem has its place, and that no text whatever crashes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AliasMember, parseAliasFile, parseIncluded } from './alias-file.ts'

const SEED = 20261124

const short = (member: AliasMember): string => {
  if ('pipe' in member) return `|${member.pipe.join('·')}`
  return 'include' in member ? `<${member.include}` : member.name
}
const read = (text: string): { entries: string[]; problems: string[] } => {
  const { entries, problems } = parseAliasFile(text, 'aliases')
  return {
    entries: entries.map(({ name, members, at }) => `${at.line} ${name}: ${members.map(short).join(' ')}`),
    problems: problems.map(({ line, column, message }) => `${line}:${column} ${message}`),
  }
}

for (const { text, entries = [], problems = [] } of [
  { text: '' },
  { text: '# a comment\n! another\n\n   \n  # indented\n' },
  { text: 'kim: lee', entries: ['1 kim: lee'] },
  { text: 'Kim :lee , a@example.net\r\n', entries: ['1 Kim: lee a@example.net'] },
  { text: 'a: b,\nc,\n# no end of it\n  d\ne: f', entries: ['1 a: b c d', '5 e: f'] },
  { text: 'a: b, \\\nc', entries: ['1 a: b c'] },
  { text: 'a:\n  b\n  , c', entries: ['1 a: b c'] },
  { text: 'a@example.org: b', entries: ['1 a@example.org: b'] },
  { text: '"a": b', entries: ['1 a: b'] },
  { text: '"a b": "c d"@example.org', entries: ['1 "a b": "c d"@example.org'] },
  { text: 'a: Kim Lee <kim@example.org>', entries: ['1 a: kim@example.org'] },
  { text: 'a: |"/bin/x -y", b', entries: ['1 a: |/bin/x·-y b'] },
  { text: 'a: |/bin/x -y', entries: ['1 a: |/bin/x·-y'] },
  { text: 'a: "|/bin/x \'b, c\' $HOME `e`", f', entries: ['1 a: |/bin/x·b, c·$HOME·`e` f'] },
  { text: 'a: "|/bin/x \\"b c\\""', entries: ['1 a: |/bin/x·b c'] },
  { text: 'a: :include:/etc/list, :INCLUDE: other', entries: ['1 a: </etc/list <other'] },
  { text: 'a: \\a, b', entries: ['1 a: a b'] },
  { text: 'jürgen: jörg', entries: ['1 jürgen: jörg'] },
  { text: '__proto__: constructor', entries: ['1 __proto__: constructor'] },
  { text: 'a: b\nA: c', entries: ['1 a: b'], problems: ['2:1 A is defined already, on line 1'] },
  { text: 'no colon here', problems: ['1:1 expected a name and a colon'] },
  { text: '  a..b: c', problems: ['1:3 a..b can be no address'] },
  { text: 'a:', entries: ['1 a: '], problems: ['1:2 a has no members'] },
  { text: 'a: b, /var/mail/x', entries: ['1 a: b'], problems: ['1:7 a file cannot be a member'] },
  { text: 'a: b,\n   |x', entries: ['1 a: b'], problems: ['2:4 a program is named by its absolute path'] },
  { text: 'a: |', entries: ['1 a: '], problems: ['1:4 a program is named by its absolute path'] },
  { text: 'a: [AUTH_LIST] x', entries: ['1 a: '], problems: ['1:2 a has no members'] },
  { text: 'a: :include:', entries: ['1 a: '], problems: ['1:4 :include: names no file'] },
  { text: 'a: ""b""', entries: ['1 a: '], problems: ['1:4 ""b"" is no address, name, program or include'] },
  { text: 'a: x y', entries: ['1 a: '], problems: ['1:4 x y is no address, name, program or include'] },
  {
    text: 'a: \\b',
    entries: ['1 a: '],
    problems: ['1:4 a backslash may stand before the name of the alias itself alone'],
  },
])
  test(`aliases ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), { entries, problems }))

test('an included file names addresses alone', () => {
  const { names, problems } = parseIncluded('kim\n# no\nfar@example.net, lee\n|/bin/x\n:include:more\n')
  assert.deepEqual(names, ['kim', 'far@example.net', 'lee'])
  assert.deepEqual(
    problems.map(({ line, column }) => [line, column]),
    [
      [4, 1],
      [5, 1],
    ],
  )
})

test('problems are bounded, and a long file takes no longer than it is', () => {
  assert.equal(parseAliasFile('x\n'.repeat(10_000), 'aliases').problems.length, 100)
  const long = `a: ${Array.from({ length: 50_000 }, (_, i) => `user${i}`).join(',\n ')}\n`
  assert.equal(parseAliasFile(long, 'aliases').entries[0]?.members.length, 50_000)
  for (const piece of ['"', '\\', '<', '"\\', ' ', ',', '|"', 'a:'])
    parseAliasFile(`a: ${piece.repeat(100_000)}`, 'aliases')
})

test(`no text crashes, and every place is in the text; seed ${SEED}`, () => {
  const pieces = fc.constantFrom(
    'a',
    'b:',
    ': ',
    ',',
    '"',
    '\\',
    '\n',
    '\r\n',
    ' ',
    '#',
    '!',
    '|/x',
    ':include:',
    '<',
    '>',
    '@',
    'é',
    '[',
  )
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
    fc.string(),
  )
  fc.assert(
    fc.property(text, (given) => {
      const { entries, problems } = parseAliasFile(given, 'aliases')
      const lines = given.split('\n')
      for (const { line, column } of [...problems, ...entries.map(({ at }) => at)])
        assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `${line}:${column}`)
      parseIncluded(given)
    }),
    { seed: SEED, numRuns: 3000 },
  )
})
