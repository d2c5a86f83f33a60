// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: each sequence of a template does what spec mapping-tables.md 4 and 5 say, and fails when they say so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeDataUrl } from './data-url.ts'
import { formatSequence, parseSequence } from './sequence-number.ts'
import { load, runIn, tableText, verdict, type World } from './tables.fixture.ts'

const found = (value: string) => ({ kind: 'found', value }) as const
const general = (entries: Readonly<Record<string, string>>): World => ({
  'mapping.general': ({ key }) => {
    const value = entries[key]
    return value === undefined ? { kind: 'absent' } : found(value)
  },
})

interface Case {
  readonly spec: string
  readonly rows: readonly string[]
  readonly probe?: string
  readonly world?: World
  readonly input?: string
  /** `output {flags}`, `FAIL output {flags}` or `NOMATCH {}`. */
  readonly want: string
}

for (const { spec, rows, probe = 'p', world, input, want } of [
  { spec: '1.4 a row without template', rows: ['p'], want: ' {}' },
  { spec: '2 an empty probe', rows: ['* [$0]'], probe: '', want: '[] {}' },
  { spec: '2 the text keeps its case', rows: ['AB* $0'], probe: 'aBCd', want: 'Cd {}' },
  { spec: '2 other letters are compared as they are', rows: ['É $Y'], probe: 'é', want: 'NOMATCH {}' },
  { spec: '2 flags in either case are one', rows: ['* $y$Y$n'], want: ' {NY}' },
  { spec: '2 flags of earlier rows are kept', rows: ['* $A$0$C', '* $B$0'], want: 'p {AB}' },
  { spec: '3.2 a tenth field has no name', rows: ['%%%%%%%%%%%* $9$10'], probe: 'abcdefghijkl', want: 'jb0 {}' },
  { spec: '3.3 both modifiers at one dollar', rows: ['$_@*.* $0'], probe: 'a.b.c', want: 'b.c {}' },
  { spec: '3.3 both orders', rows: ['$@_*.* $0'], probe: 'a.b.c', want: 'b.c {}' },
  { spec: '3.3 doubled dollar', rows: ['$_$@*.* $0'], probe: 'a.b.c', want: 'b.c {}' },
  { spec: '3.3 doubled dollar before a class', rows: ['$_$@S*.* $0'], probe: 'a.b.c', want: 'b.c {}' },
  { spec: '3.3 saving on is the default', rows: ['$^*.% $0$1'], probe: 'a.b', want: 'ab {}' },
  { spec: '3.4 a back match is a field', rows: ['%$0*% $0-$1-$2'], probe: 'aab', want: 'a-a-b {}' },
  { spec: '3.4 a back match that is not saved', rows: ['%$@0*% $0-$1-$2'], probe: 'aab', want: 'a-b- {}' },
  { spec: '3.4 a back match without star', rows: ['%$0% $0-$1-$2'], probe: 'aab', want: 'a-a-b {}' },
  { spec: '3.4 a back match finds the split', rows: ['*$0* $0'], probe: 'abab', want: 'ab {}' },
  { spec: '3.5 class letters in either case', rows: ['$d*$a% $0$1'], probe: '12x', want: '12x {}' },
  { spec: '3.5 symbols', rows: ['$S* $0'], probe: 'a_$9', want: 'a_$9 {}' },
  { spec: '3.5 quoting in a set', rows: ['$[\\]\\\\]* $0'], probe: ']\\]', want: ']\\] {}' },
  { spec: '3.5 a blank in a set', rows: ['$[a$ ]* $0'], probe: 'a a', want: 'a a {}' },
  { spec: '3.5 a caret is ordinary', rows: ['$[^a]* $0'], probe: 'a^', want: 'a^ {}' },
  { spec: '3.5 a minus at the end is ordinary', rows: ['$[a-]* $0'], probe: 'a-', want: 'a- {}' },
  { spec: '3.6 all bits by default', rows: ['$(10.0.0.1) $Y'], probe: '10.0.0.2', want: 'NOMATCH {}' },
  { spec: '3.6 nothing ignored by default', rows: ['$<10.0.0.1> $Y'], probe: '10.0.0.1', want: ' {Y}' },
  { spec: '3.6 /0 is every address', rows: ['$(1.2.3.4/0) $Y$0'], probe: '250.0.0.1', want: '250.0.0.1 {Y}' },
  { spec: '3.6 and no other text', rows: ['$<1.2.3.4/32> $Y'], probe: '250.0.0.256', want: 'NOMATCH {}' },
  { spec: '3.6 leading zeros', rows: ['$(10.0.0.1/32) $Y'], probe: '010.000.0.01', want: ' {Y}' },
  { spec: '3.6 the run is the longest', rows: ['$(10.0.0.1)5 $Y'], probe: '10.0.0.15', want: 'NOMATCH {}' },
  { spec: '3.6 not saved', rows: ['$@(10.0.0.1)* $0'], probe: '10.0.0.1x', want: 'x {}' },
  { spec: '3.6 IPv6 in full', rows: ['${2001:db8::1} $Y'], probe: '2001:DB8:0:0:0:0:0:1', want: ' {Y}' },
  { spec: '3.6 mapped addresses stay IPv6', rows: ['$(192.0.2.1) $Y'], probe: '::ffff:192.0.2.1', want: 'NOMATCH {}' },
  {
    spec: '3.6 mapped addresses as IPv6',
    rows: ['${::ffff:192.0.2.0/120} $Y'],
    probe: '::FFFF:192.0.2.9',
    want: ' {Y}',
  },
  { spec: '4.1 one digit only', rows: ['%%* $12'], probe: 'abc', want: 'b2 {}' },
  { spec: '4.1 ordinary characters', rows: ['* a*%|"\'()[]{}'], want: 'a*%|"\'()[]{} {}' },
  { spec: '4.1 case switches act on all text', rows: ['* Ab$^Cd$0$\\EfÉ$_Gh'], want: 'AbCDPefÉGh {}' },
  { spec: '4.1 $= quotes fields', rows: ['* *$=*$0'], probe: '(a\\)*', want: '**\\28a\\5c\\29\\2a {}' },
  { spec: '4.2 output and flags before the failure go', rows: ['* $Yx$?0?'], want: 'FAIL p {}' },
  { spec: '4.2 earlier flags stay', rows: ['* $A$0x$C', '* $Y$?0?'], want: 'FAIL px {A}' },
  { spec: '4.2 $C right of the failure is not seen', rows: ['* $?0?$C', '* $Y'], want: 'FAIL p {}' },
  { spec: '4.2 $E left of it ends', rows: ['* $C$E$?0?', '* $Y'], want: 'FAIL p {}' },
  { spec: '4.2 $R left of it begins again', rows: ['p $R$?0?', 'x $Y'], want: 'p {}' },
  { spec: '4.5 a real number', rows: ['* $?12.5?$Y'], world: { draw: 0.1249 }, want: ' {Y}' },
  { spec: '4.5 always', rows: ['* $?100?$Y'], world: { draw: 0.999999 }, want: ' {Y}' },
  { spec: '4.5 from a field', rows: ['* $?$0?$Y'], probe: '100', want: ' {Y}' },
  { spec: '4.6 input flags in either case', rows: ['* $:a$;t$Y'], input: 'a', want: ' {Y}' },
  { spec: '4.6 output flags are not tested', rows: ['* $A$0$C', '* $:A$Y'], want: 'FAIL p {A}' },
  {
    spec: '4.7 no such file',
    rows: ['* $#f#'],
    world: { 'mapping.sequence': () => ({ kind: 'absent' }) },
    want: 'FAIL p {}',
  },
  {
    spec: '4.8 data URL',
    rows: ['* $]data:,a%20$0[$Y'],
    want: 'a p {Y}',
  },
  { spec: '4.8 not expanded again', rows: ['* $]data:,%24Y[x'], want: '$Yx {}' },
  { spec: '4.8 unreachable', rows: ['* $]ldap:///x['], want: 'FAIL p {}' },
  { spec: '4.9 a table that is not there', rows: ['* $|U;$0|'], want: 'FAIL p {}' },
  { spec: '4.9 not expanded again', rows: ['x $Y$$N', '* <$|T;x|>'], want: '<$N> {}' },
  { spec: '4.9 flags stay inside, input flags go in', rows: ['x $:A$Y$B.', '* $|T;x|'], input: 'A', want: '. {}' },
  {
    spec: '4.13 the first bar closes the look-up inside, the next one that around it',
    rows: ['x|y $Yxy', 'x $Yx', '* $|T;$|T;x||y|!'],
    want: 'xy|! {}',
  },
  { spec: '4.9 table name from a field', rows: ['x $Yin', '* $|$0;x|'], probe: 't', want: 'in {}' },
  { spec: '4.10 expanded again, with fields', rows: ['* ${k}!'], world: general({ k: '$Y<$0>' }), want: '<p>! {Y}' },
  { spec: '4.10 in a chain', rows: ['* ${k}'], world: general({ k: '${l}', l: '$Yend' }), want: 'end {Y}' },
  { spec: '4.10 what is found is malformed', rows: ['* ${k}'], world: general({ k: '${l' }), want: 'FAIL p {}' },
  { spec: '4.10 what is found says to go on', rows: ['* ${k}', '* $Y$0'], world: general({ k: 'x$C' }), want: 'x {Y}' },
  { spec: '4.10 not found', rows: ['* $Y${k}'], world: general({}), want: 'FAIL p {}' },
  {
    spec: '4.11 domain attribute',
    rows: ['*@* $}$1,_canonical_name_{'],
    probe: 'a@B.test',
    world: { 'mapping.domain': ({ domain, attribute }) => found(`${domain}=${attribute}`) },
    want: 'B.test=_canonical_name_ {}',
  },
  {
    spec: '4.12 commas belong to the argument; names are trimmed',
    rows: ['* $[IMTA_LIB:a.SO,$ r$ ,x,$0,]'],
    world: { 'mapping.call': ({ image, routine, argument }) => found(`${image}/${routine}/${argument}`) },
    want: 'a/r/x,p, {}',
  },
  {
    spec: '4.12 blanks behind commas belong to nothing',
    rows: ['* $[a, r, x,$ $0]'],
    world: { 'mapping.call': ({ image, routine, argument }) => found(`${image}/${routine}/${argument}`) },
    want: 'a/r/x, p {}',
  },
  {
    spec: '4.10 blanks in what is found stay',
    rows: ['* ${k}'],
    world: general({ k: '$Ntwo words' }),
    want: 'two words {N}',
  },
  {
    spec: '4.12 what comes back is expanded again',
    rows: ['* $[a,r,x]$E', '* $N'],
    world: { 'mapping.call': () => found('$Y$0$C') },
    want: 'p {Y}',
  },
  {
    spec: '4.12 unknown routine',
    rows: ['* $[a,b,c]'],
    world: { 'mapping.call': () => ({ kind: 'unknown' }) },
    want: 'FAIL p {}',
  },
  { spec: '4.13 look-ups within look-ups', rows: ['* ${$]data:,k[}'], world: general({ k: 'v' }), want: 'v {}' },
  { spec: '4.13 a case switch ends with its argument', rows: ['* $]data:,$^a[b$0'], want: 'Abp {}' },
  { spec: '4.13 flags in an argument count', rows: ['* $]data:,$Ya['], want: 'a {Y}' },
  { spec: '4.13 control in an argument counts', rows: ['* $]data:,$Ca[', 'a $Y'], want: ' {Y}' },
  { spec: '4.13 quoting in an argument', rows: ['* $]data:,$$%20$ ['], want: '$   {}' },
  { spec: '4.1 a case switch acts on what is found', rows: ['* $^$]data:,ab[c'], want: 'ABC {}' },
  { spec: '5 the last control counts', rows: ['* $R$C$0x', 'px $Y'], want: ' {Y}' },
  { spec: '5 running off the end', rows: ['* x$C', 'y $Y'], want: 'x {}' },
  { spec: '5 a later match takes $L back', rows: ['z $Y', 'p y$L', 'y z$C'], want: 'z {}' },
  { spec: '5 $L twice', rows: ['c $Y', 'b c$L', 'p b$L', 'x y'], want: ' {Y}' },
  { spec: '5 $L under the guard', rows: ['* x$0$L'], want: 'xxxxxxxxxxxp {}' },
  { spec: '5 pairs that strip blanks', rows: ['$ * $0$R', '*$  $0$R'], probe: '   a b ', want: 'a b {}' },
] as readonly Case[])
  test(`spec ${spec}: ${rows.join(' / ')}`, () => {
    const result = runIn(load(tableText('T', rows)), 'T', probe, world, input === undefined ? {} : { input })
    const { state, output, flags } = verdict(result)
    assert.equal(`${state === 'ok' ? output : state === 'FAIL' ? `FAIL ${output}` : state} {${flags}}`, want)
  })

for (const { argument, value = 42, want } of [
  { argument: 'f', want: '42' },
  { argument: 'f|16', want: '2A' },
  { argument: 'f|-16|4', want: '002A' },
  { argument: 'f|36|0|1000', value: 1035, want: 'Z' },
  { argument: 'f|2|8', want: '00101010' },
  { argument: 'f|10|2|42', want: '00' },
  { argument: '', want: undefined },
  { argument: 'f|0', want: undefined },
  { argument: 'f|1', want: undefined },
  { argument: 'f|-1', want: undefined },
  { argument: 'f|37', want: undefined },
  { argument: 'f|x', want: undefined },
  { argument: 'f|10|-1', want: undefined },
  { argument: 'f|10|99999', want: undefined },
  { argument: 'f|10|2|0', want: undefined },
  { argument: 'f|10|2|5|6', want: undefined },
])
  test(`spec 4.7 sequence ${JSON.stringify(argument)}`, () => {
    const parsed = parseSequence(argument)
    assert.equal(parsed === undefined ? undefined : formatSequence(parsed, value), want)
  })

for (const { url, want } of [
  { url: 'data:,a%20b', want: 'a b' },
  { url: 'DATA:text/plain;charset=utf-8,%C3%A9', want: 'é' },
  { url: 'data:;base64,YWI=', want: 'ab' },
  { url: 'data:;base64,YW%49%3D', want: 'ab' },
  { url: 'data:;base64,/w==', want: undefined },
  { url: 'data:;base64,a b', want: undefined },
  { url: 'data:,%ff', want: undefined },
  { url: 'data:x', want: undefined },
  { url: 'file:///x', want: undefined },
])
  test(`spec 4.8 ${url}`, () => assert.equal(decodeDataUrl(url), want))

test('spec 1.2 call-outs are cut to 252 octets where a site wants it', () => {
  const mappings = load(tableText('T', ['* $[a,b,$0]']))
  const seen: string[] = []
  const world: World = {
    'mapping.call': ({ argument }) => {
      seen.push(argument)
      return found('é'.repeat(200))
    },
  }
  const long = `${'x'.repeat(251)}é`
  assert.equal(verdict(runIn(mappings, 'T', long, world)).output, 'é'.repeat(200))
  assert.equal(verdict(runIn(mappings, 'T', long, world, { truncateCalls: true })).output, 'é'.repeat(126))
  assert.deepEqual(seen, [long, 'x'.repeat(251)])
})

test('what nobody could answer is told of, also from tables within', () => {
  const mappings = load(tableText('T', ['x $C${k}$E', 'x $Y', '* $|T;x|$]file:///f[']))
  const result = runIn(mappings, 'T', 'p', { 'mapping.general': () => ({ kind: 'defer', cause: 'it is gone' }) })
  assert.equal(verdict(result).state, 'FAIL')
  assert.deepEqual(result.unanswered, ['general k: it is gone', 'url file:///f: nothing here answers mapping.url'])
})
