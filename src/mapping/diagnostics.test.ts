// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: every malformed input of spec mapping-tables.md 1.5, and every row that cannot mean what it says, is told of
 * with its place, all of a file at once; what is accepted with a warning works.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadMappings } from './load.ts'
import { answer } from './questions.ts'
import { runMapping } from './run.ts'
import type { Include } from './source-lines.ts'

/** `severity code line:column+length message`, and the file where it is another one. */
function problemsOf(text: string, include?: Include): string[] {
  const { problems } = loadMappings({ name: 'mappings', text }, include)
  return problems.map(
    ({ severity, code, file, line, column, length, message }) =>
      `${severity} ${code} ${file === 'mappings' ? '' : `${file}:`}${line}:${column}+${length} ${message}`,
  )
}

function output(text: string, probe: string, include?: Include): string {
  const { mappings } = loadMappings({ name: 'mappings', text }, include)
  const result = answer(runMapping(mappings, 'T', probe), {})
  assert.ok(!(result instanceof Promise) && result.kind === 'answered')
  return result.matched && !result.failed ? result.output : result.failed ? 'FAIL' : 'NOMATCH'
}

const files =
  (named: Readonly<Record<string, string>>): Include =>
  (spec) => {
    const text = named[spec]
    return text === undefined ? { missing: 'no such file' } : { name: spec, text }
  }

interface Case {
  readonly name: string
  readonly text: string
  readonly problems: readonly string[]
  readonly include?: Include
  /** A probe and what comes out, where the input is accepted. */
  readonly gives?: readonly [string, string]
}

const CASES: readonly Case[] = [
  { name: 'an empty file', text: '', problems: [] },
  { name: 'blanks and comments alone', text: '! a\n \t\n\r\n! b', problems: [] },
  { name: 'a byte order mark', text: '\uFEFFT\n\n  a b\n', problems: [], gives: ['a', 'b'] },
  { name: 'line ends of other systems', text: 'T\r\n\r\n  a b\r\n  c d \r\n', problems: [], gives: ['c', 'd'] },
  { name: 'no line end at the end', text: 'T\n\n  a b', problems: [], gives: ['a', 'b'] },
  { name: '1.1 comments between rows', text: 'T\n\n! x\n a b\n!\n c d\n', problems: [], gives: ['c', 'd'] },
  { name: '1.1 a comment between name and blank line', text: 'T\n! x\n\n a b\n', problems: [], gives: ['a', 'b'] },
  { name: '1.1 tabs in place of blanks', text: 'T\n\n\ta\t\tb\n', problems: [], gives: ['a', 'b'] },
  {
    name: '1.5 duplicate table',
    text: 'T\n\n  a b\n\nt\n\n  c d\n',
    problems: ['error mapping-duplicate-table 5:1+1 the table t is there already, at mappings:1'],
    gives: ['c', 'NOMATCH'],
  },
  {
    name: '1.5 no blank line after the name',
    text: 'T\n  a b\n',
    problems: ['warning mapping-blank-line 2:3+1 no blank line behind the table name T'],
    gives: ['a', 'b'],
  },
  {
    name: '1.5 blank line inside a table',
    text: 'T\n\n  a b\n\n  c d\n\n  e f\n',
    problems: ['warning mapping-blank-line 5:3+1 blank line inside the table T'],
    gives: ['e', 'f'],
  },
  {
    name: '1.1 no blank line before the next table',
    text: 'S\n\n  a b\nT\n\n  c d\n',
    problems: ['warning mapping-blank-line 4:1+1 no blank line before the table T'],
    gives: ['c', 'd'],
  },
  {
    name: '1.5 row before any table',
    text: '  a b\n\nT\n\n  c d\n',
    problems: ['error mapping-no-table 1:3+3 a row before any table name'],
    gives: ['c', 'd'],
  },
  {
    name: 'a line that is nothing',
    text: 'T\n\n  a b\n\n*|* x\n  c d\n',
    problems: ['error mapping-line 5:1+5 this line is neither a table name nor a row, comment or include'],
    gives: ['c', 'NOMATCH'],
  },
  {
    name: 'text behind a table name',
    text: 'T  table of tests\n\n  a b\n',
    problems: ['warning mapping-table-name 1:2+16 text behind a table name'],
    gives: ['a', 'b'],
  },
  {
    name: 'a strange table name',
    text: 'A.B\n\n  a b\n',
    problems: ['warning mapping-table-name 1:1+3 unusual characters in the table name A.B'],
  },
  {
    name: '1.1 include',
    text: 'T\n\n<rows\n  c d\n',
    include: files({ rows: '! rows\n  a b\n' }),
    problems: [],
    gives: ['a', 'b'],
  },
  {
    name: '1.1 include of whole tables, twice the same file',
    text: '</etc/t\n\nS\n\n<rows\n\nU\n\n<rows\n',
    include: files({ '/etc/t': 'T\n\n  a b\n', rows: '  x y\n' }),
    problems: [],
    gives: ['a', 'b'],
  },
  {
    name: '1.5 missing include',
    text: 'T\n\n<  /etc/rows\n  c d\n',
    include: files({}),
    problems: ['error mapping-include 3:2+9 the included file /etc/rows cannot be read: no such file'],
    gives: ['c', 'd'],
  },
  {
    name: '1.5 include cycle',
    text: 'T\n\n<a\n',
    include: files({ a: '<b\n', b: '  x y\n<a\n' }),
    problems: ['error mapping-include b:2:2+1 a includes itself'],
    gives: ['x', 'y'],
  },
  { name: 'include of nothing', text: '<\n', problems: ['error mapping-include 1:2+1 an include names no file'] },
  {
    name: '1.5 a problem of an included file is told of there',
    text: 'T\n\n<rows\n',
    include: files({ rows: '  a b\n  $Aa b\n' }),
    problems: ['error mapping-class rows:2:3+2 the class $A has neither % nor * behind it'],
  },
  {
    name: '1.5 duplicate table through an include',
    text: '<a\n\nT\n\n  c d\n',
    include: files({ a: 'T\n\n  a b\n' }),
    problems: ['error mapping-duplicate-table 3:1+1 the table T is there already, at a:1'],
  },
  { name: '1.3 continuation between the columns', text: 'T\n\n  a|* \\\n$Y1\n', problems: [], gives: ['a|x', '1'] },
  {
    name: '1.3 blanks behind the join end the pattern',
    text: 'T\n\n  a|*\\\n  $Y1\n',
    problems: [],
    gives: ['a|x', '1'],
  },
  { name: '1.3 no blank: the pattern goes on', text: 'T\n\n  a|\\\nb  $Y1\n', problems: [], gives: ['a|b', '1'] },
  { name: '1.3 quoted blank is kept', text: 'T\n\n  a x$ \\\n   y\n', problems: [], gives: ['a', 'x y'] },
  { name: '1.3 unquoted blank goes', text: 'T\n\n  a x \\\n   y\n', problems: [], gives: ['a', 'xy'] },
  { name: '1.3 two dollars quote no blank', text: 'T\n\n  a x$$ \\\n   y\n', problems: [], gives: ['a', 'x$y'] },
  { name: '1.3 the pattern in a second line', text: 'T\n\n  \\\n  a b\n', problems: [], gives: ['a', 'b'] },
  { name: '1.3 comment within', text: 'T\n\n  a \\\n! why\n  b\n', problems: [], gives: ['a', 'b'] },
  { name: '1.5 blanks behind the backslash', text: 'T\n\n  a \\  \r\n  b\n', problems: [], gives: ['a', 'b'] },
  { name: 'a continued line that looks like an include', text: 'T\n\n  a \\\n<b\n', problems: [], gives: ['a', '<b'] },
  {
    name: 'a continuation that is missing',
    text: 'T\n\n  a b \\\n\nS\n\n  c d\\\n',
    problems: [
      'warning mapping-continuation 3:3+1 the row ends in a backslash, and nothing follows',
      'warning mapping-continuation 7:3+1 the row ends in a backslash, and nothing follows',
    ],
    gives: ['a', 'b'],
  },
  {
    name: '1.4 no template',
    text: 'T\n\n  a\n',
    problems: ['warning mapping-columns 3:3+1 a row without a template'],
    gives: ['a', ''],
  },
  {
    name: '1.4 text behind the template',
    text: 'T\n\n  a b c\n',
    problems: ['warning mapping-columns 3:7+1 text behind the end of the template'],
    gives: ['a', 'b'],
  },
  { name: '1.4 quoted blanks', text: 'T\n\n  foo$ \t  x$\ty\n', problems: [], gives: ['foo ', 'x\ty'] },
  { name: '1.4 quoted blank at the end of the line', text: 'T\n\n  a b$ \n', problems: [], gives: ['a', 'b '] },
  {
    name: '4.12 blanks behind the commas of a call-out',
    text: 'T\n\n  a $]data:,x[$[lib, \trt, $$0,b]$E\n  b $[l,r, x y] z\n  c x, y\n',
    problems: [
      'error mapping-unclosed 4:5+8 $[ without its closing ]',
      'warning mapping-columns 4:14+4 text behind the end of the template',
      'warning mapping-columns 5:8+1 text behind the end of the template',
    ],
    gives: ['c', 'x,'],
  },
  {
    name: '1.2 long pattern, taken whole',
    text: `T\n\n  ${'a'.repeat(257)} b\n`,
    problems: ['warning mapping-too-long 3:3+257 a pattern of 257 characters; the documented limit is 256'],
    gives: ['a'.repeat(257), 'b'],
  },
  {
    name: '1.2 long template, taken whole',
    text: `T\n\n  a ${'b'.repeat(1025)}\n`,
    problems: ['warning mapping-too-long 3:5+1025 a template of 1025 characters; the documented limit is 1024'],
    gives: ['a', 'b'.repeat(1025)],
  },
  {
    name: '1.2 long line',
    text: `T\n\n  a b ${'c'.repeat(4093)}\n`,
    problems: [
      'warning mapping-too-long 3:3+4097 a line of 4097 characters; the documented limit is 4096',
      'warning mapping-columns 3:7+4093 text behind the end of the template',
    ],
  },
  {
    name: 'a pattern beyond reason',
    text: `T\n\n  ${'a'.repeat(2049)} b\n`,
    problems: ['error mapping-too-long 3:3+2049 a pattern of 2049 characters; more than 2048 are not read'],
    gives: ['a'.repeat(2049), 'NOMATCH'],
  },
  {
    name: '1.2 long argument',
    text: `T\n\n  a $[i,r,${'b'.repeat(260)}]\n`,
    problems: ['warning mapping-too-long 3:5+267 an argument of more than 252 characters'],
  },
  {
    name: '3.1 dollar before an ordinary character',
    text: 'T\n\n  a$=b x\n',
    problems: ['warning mapping-quote 3:4+2 $= means nothing in a pattern'],
    gives: ['a=b', 'x'],
  },
  {
    name: '3.3 modifier without wildcard',
    text: 'T\n\n  a$_b x\n',
    problems: ['error mapping-class 3:4+3 the class $_b has neither % nor * behind it'],
  },
  {
    name: '3.3 modifier before other text',
    text: 'T\n\n  a$_.b x\n',
    problems: ['warning mapping-modifier 3:4+2 the modifier $_ has no wildcard directly behind it'],
    gives: ['a.b', 'x'],
  },
  {
    name: '3.4 back match to nothing yet',
    text: 'T\n\n  *$1* x\n',
    problems: ['warning mapping-back-match 3:4+3 $1* repeats field 1, which is not there yet'],
    gives: ['aa', 'NOMATCH'],
  },
  {
    name: '3.5 class without count',
    text: 'T\n\n  x$D y\n  $[ab]c y\n',
    problems: [
      'error mapping-class 3:4+2 the class $D has neither % nor * behind it',
      'error mapping-class 4:3+5 the class $[ab] has neither % nor * behind it',
    ],
    gives: ['x1', 'NOMATCH'],
  },
  {
    name: '3.5 range turned round',
    text: 'T\n\n  $[z-a]% y\n',
    problems: ['warning mapping-class 3:5+3 the range z-a is turned round'],
    gives: ['b', 'NOMATCH'],
  },
  {
    name: '3.5 empty set',
    text: 'T\n\n  $[]% y\n',
    problems: ['warning mapping-class 3:5+1 an empty set of characters'],
    gives: ['b', 'NOMATCH'],
  },
  {
    name: '3.5 set without end',
    text: 'T\n\n  $[abc y\n',
    problems: ['error mapping-unclosed 3:3+5 a set of characters without its ]'],
    gives: ['a', 'NOMATCH'],
  },
  {
    name: '3.6 bits out of range',
    text: 'T\n\n  $(10.0.0.0/33) a\n  $<10.0.0.0/33> a\n  ${::1/129} a\n',
    problems: [
      'error mapping-network 3:3+14 $(10.0.0.0/33) is no IPv4 network',
      'error mapping-network 4:3+14 $<10.0.0.0/33> is no IPv4 network',
      'error mapping-network 5:3+10 ${::1/129} is no IPv6 network',
    ],
  },
  {
    name: '3.6 no address',
    text: 'T\n\n  $(10.0.0) a\n  $(300.0.0.1) a\n  ${2001:db8} a\n',
    problems: [
      'error mapping-network 3:3+9 $(10.0.0) is no IPv4 network',
      'error mapping-network 4:3+12 $(300.0.0.1) is no IPv4 network',
      'error mapping-network 5:3+11 ${2001:db8} is no IPv6 network',
    ],
  },
  {
    name: '3.6 no end',
    text: 'T\n\n  $(10.0.0.0/8 a\n',
    problems: ['error mapping-unclosed 3:3+12 an address matcher without its )'],
  },
  {
    name: '4 dollar at the end',
    text: 'T\n\n  a b$\n  c$\n',
    problems: [
      'warning mapping-quote 3:6+1 a $ at the end of a template',
      'warning mapping-columns 4:3+2 a row without a template',
      'warning mapping-quote 4:4+1 a $ at the end of a pattern',
    ],
    gives: ['a', 'b'],
  },
  {
    name: '4 look-ups without end',
    text: 'T\n\n  a x$|T;b\n  b $[i,r,a\n  c ${k\n  d $?50\n',
    problems: [
      'error mapping-unclosed 3:6+5 $| without its closing |',
      'error mapping-unclosed 4:5+7 $[ without its closing ]',
      'error mapping-unclosed 5:5+3 ${ without its closing }',
      'error mapping-unclosed 6:5+4 $? without its closing ?',
    ],
    gives: ['a', 'FAIL'],
  },
  {
    name: '4 look-ups that always fail',
    text: 'T\n\n  a $|T|\n  b $[i,r]\n  c $?x?\n  d $?101?\n  e $}dom{\n  f ${}\n  g $|U;x|\n',
    problems: [
      'warning mapping-argument 3:5+4 no ; behind the table name',
      'warning mapping-argument 4:5+6 a call-out without image, routine and argument',
      'warning mapping-argument 5:5+4 x is no percentage',
      'warning mapping-argument 6:5+6 101 is no percentage',
      'warning mapping-argument 7:5+6 no , between domain and attribute',
      'warning mapping-argument 8:5+3 ${} is empty',
      'warning mapping-unknown-table 9:5+6 there is no table U',
    ],
    gives: ['a', 'FAIL'],
  },
  {
    name: '4.6 a test of no flag',
    text: 'T\n\n  a b$:\n',
    problems: ['error mapping-argument 3:6+2 $: does not say which flag to look at'],
    gives: ['a', 'FAIL'],
  },
  {
    name: '4.1 a field that is not there',
    text: 'T\n\n  *b $0$1\n  b $0\n',
    problems: [
      'warning mapping-field 3:8+2 the pattern has one field, $0',
      'warning mapping-field 4:5+2 the pattern has no fields',
    ],
    gives: ['ab', 'a'],
  },
  {
    name: '4.6 a test of what is no flag',
    text: 'T\n\n  a $;$Yb\n',
    problems: ['warning mapping-flag 3:5+3 $ is no input flag'],
    gives: ['a', 'Yb'],
  },
  {
    name: '4.1 a sign no table knows',
    text: 'T\n\n  a $-b\n',
    problems: ['warning mapping-flag 3:5+2 $- sets the flag -, which no table knows'],
    gives: ['a', 'b'],
  },
  {
    name: 'flags that a table of access control does not know',
    text: 'PORT_ACCESS\n\n  a $Y$J\n  b $:T$N\n\nSEND_ACCESS\n\n  a $K$Y$x5.7.1\n',
    problems: [
      'warning mapping-flag 3:7+2 the flag J means nothing in PORT_ACCESS',
      'warning mapping-flag 4:5+3 nobody sets the input flag T for PORT_ACCESS',
      'warning mapping-flag 8:5+2 the flag K means nothing in SEND_ACCESS',
    ],
  },
  {
    name: 'flags without their argument',
    text: 'ORIG_SEND_ACCESS\n\n  a $N$D\n  b $N$D$X30\n  * $N$D$X30\n  * $N$D$0\n  c $D30|$N$ok\n',
    problems: [
      'warning mapping-flag-argument 3:7+2 the flag D has no argument',
      'warning mapping-flag-argument 4:9+2 the flag X has no argument',
      'warning mapping-flag-argument 5:9+2 the flag X has no argument',
      'warning mapping-flag 7:12+2 the flag O means nothing in ORIG_SEND_ACCESS',
    ],
  },
]

for (const { name, text, problems, include, gives } of CASES)
  test(name, () => {
    assert.deepEqual(problemsOf(text, include), problems)
    if (gives !== undefined) assert.equal(output(text, gives[0], include), gives[1])
  })

test('places of a continued row are those of its lines', () => {
  assert.deepEqual(problemsOf('T\n\n  *|$D|* \\\n  $Y$5- \\\n     $?x?\n'), [
    'error mapping-class 3:5+2 the class $D has neither % nor * behind it',
    'warning mapping-field 4:5+2 the pattern has the fields $0 to $1',
    'warning mapping-argument 5:6+4 x is no percentage',
  ])
})

test('a thousand problems are listed, the rest counted, errors never hidden', () => {
  const { problems, dropped, hasErrors } = loadMappings({
    name: 'm',
    text: `T\n\n${'  a\n'.repeat(1500)}\nT\n\n`,
  })
  assert.equal(problems.length, 1001)
  assert.equal(dropped, 500)
  assert.equal(hasErrors, true)
  assert.equal(problems.at(-1)?.code, 'mapping-duplicate-table')
})

test('includes that never end are refused', () => {
  let n = 0
  const deep: Include = () => ({ name: `f${++n}`, text: '<next\n' })
  assert.deepEqual(problemsOf('<next\n', deep), ['error mapping-include f20:1:2+4 too many includes'])
  const wide: Include = () => ({ name: `w${++n}`, text: '' })
  assert.equal(problemsOf('<next\n'.repeat(1002), wide).length, 2)
})
