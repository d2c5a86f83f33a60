// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: every worked example of spec mapping-tables.md, and of the tables in access-control.md, comes out as written there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, runIn, tableText, verdict, type World } from './tables.fixture.ts'

interface Example {
  readonly spec: string
  /** Rows of the table T, or the text of a file that has one. */
  readonly rows: readonly string[] | string
  readonly probe: string
  readonly input?: string
  readonly output?: string
  readonly flags?: string
  readonly state?: 'FAIL' | 'NOMATCH'
  readonly world?: World
}

/** Section 8 in its own order: pattern, template, probe, output, flags; `NOMATCH` and `FAIL` in place of the output. */
const SECTION_8: readonly (readonly [string, string, string, string, string, string?])[] = [
  ['*', '$Y', 'anything', '', 'Y'],
  ['ABC', '$Yhit', 'abc', 'hit', 'Y'],
  ['AB', '$Yhit', 'abc', 'NOMATCH', ''],
  ['a%c', '$0', 'aXc', 'X', ''],
  ['a$%c', '$Yp', 'a%c', 'p', 'Y'],
  ['a$%c', '$Yp', 'abc', 'NOMATCH', ''],
  ['5$*5', '25', '5*5', '25', ''],
  ['$$USD*', '$$$0', '$USD7', '$7', ''],
  ['no$ way', '$Nbad$ idea', 'No Way', 'bad idea', 'N'],
  ['*.*.*', '$2:$1:$0', 'a.b.c.d', 'd:c:a.b', ''],
  ['$_*.$_*.*', '$0:$1:$2', 'a.b.c.d', 'a:b:c.d', ''],
  ['$D*$A*', '$1$0', '12ab', 'ab12', ''],
  ['$D*$A*', '$1$0', 'ab12', 'NOMATCH', ''],
  ['$[abc]%*', '$0,$1', 'Cat', 'C,at', ''],
  ['$[a\\-z]*', '$Yset', 'a-z', 'set', 'Y'],
  ['$[a\\-z]*', '$Yset', 'amz', 'NOMATCH', ''],
  ['*=$0*', '$Ysame', 'Q=q', 'same', 'Y'],
  ['$O*/$B*', '$0+$1', '17/101', '17+101', ''],
  ['$O*/$B*', '$0+$1', '18/101', 'NOMATCH', ''],
  ['k$T*v', '$Y', 'k \t v', '', 'Y'],
  ['$X*h', '$^$0', '0fh', '0F', ''],
  ['$(203.0.113.9/28)', '$Y', '203.0.113.15', '', 'Y'],
  ['$(203.0.113.9/28)', '$Y', '203.0.113.16', 'NOMATCH', ''],
  ['$<203.0.113.32/5>', '$Y', '203.0.113.63', '', 'Y'],
  ['$<203.0.113.32/5>', '$Y', '203.0.113.31', 'NOMATCH', ''],
  ['${2001:db8:aa::/48}', '$Y', '2001:DB8:AA:1::5', '', 'Y'],
  ['${2001:db8:aa::/48}', '$Y', '2001:db8:ab::5', 'NOMATCH', ''],
  ['*', '$Y$0$N', 'm', 'm', 'NY'],
  ['*', '$?0?$Y', 'm', 'FAIL', ''],
  ['a*', '$;T$Nno$ TLS', 'ab', 'FAIL', '', 'T'],
  ['a*', '$;T$Nno$ TLS', 'ab', 'no TLS', 'N'],
]

const fromSection8: Example[] = SECTION_8.map(([pattern, template, probe, output, flags, input], i) => ({
  spec: `8 #${i + 1}`,
  rows: [`${pattern}   ${template}`],
  probe,
  flags,
  ...(input === undefined ? {} : { input }),
  ...(output === 'FAIL' || output === 'NOMATCH' ? { state: output } : { output }),
}))

const KNOWN = `KNOWN

  10.*    $Yin
  *       $N

T

  *|*     $C$|KNOWN;$1|-$0$Y$E
  *       $Nout
`

const found = (value: string) => ({ kind: 'found', value }) as const
const absent = { kind: 'absent' } as const

const PORT_ACCESS = `INTERNAL_IP

  $(123.45.67.89/32)   $Y
  127.0.0.1            $Y
  *                    $N

T

  *|*|*|*|*  $C$|INTERNAL_IP;$3|$Y$E
  *          $YEXTERNAL
`

const EXAMPLES: readonly Example[] = [
  ...fromSection8,
  { spec: '8 #32', rows: ['* 1$C', '* 2$0'], probe: 'z', output: '21' },
  { spec: '8 #33', rows: ['* 1$C$E', '* 2$0'], probe: 'z', output: '1' },
  { spec: '8 #34', rows: ['a* b$0$R', 'b* $Yc$0'], probe: 'a7', output: 'c7', flags: 'Y' },
  {
    spec: '1.3 three forms of continuation',
    rows: 'SAMPLE\n\nT\n\n  a|* \\\n$Y1-$0 \\\n-2$ \\\n   3\n',
    probe: 'a|q',
    output: '1-q-2 3',
    flags: 'Y',
  },
  { spec: '3.2 greedy', rows: ['*/* $0,$1'], probe: 'a/b/c', output: 'a/b,c' },
  { spec: '3.3 lazy', rows: ['$_*.* $0,$1'], probe: 'www.eu.example.net', output: 'www,eu.example.net' },
  { spec: '3.3 not saved', rows: ['$@*@* $0,$1'], probe: 'ann@example.net', output: 'example.net,' },
  { spec: '3.4 back match', rows: ['*@*|$1* $Y'], probe: 'kim@a.test|a.test', output: '', flags: 'Y' },
  { spec: '3.4 back match, other text', rows: ['*@*|$1* $Y'], probe: 'kim@a.test|b.test', state: 'NOMATCH' },
  { spec: '3.5 one digit', rows: ['host$D%.example.net $0'], probe: 'host7.example.net', output: '7' },
  { spec: '3.5 not two digits', rows: ['host$D%.example.net $0'], probe: 'host12.example.net', state: 'NOMATCH' },
  { spec: '3.5 set', rows: ['v$[0-9.]*-rc$D* $0,$1'], probe: 'v1.20-rc3', output: '1.20,3' },
  { spec: '3.5 class not saved', rows: ['id-$@A*$D* $0'], probe: 'id-ab77', output: '77' },
  {
    spec: '3.6 network inside a probe',
    rows: ['TCP|*|25|$(198.51.100.64/26)|* $0,$1,$2'],
    probe: 'TCP|192.0.2.10|25|198.51.100.127|50344',
    output: '192.0.2.10,198.51.100.127,50344',
  },
  {
    spec: '3.6 beyond the network',
    rows: ['TCP|*|25|$(198.51.100.64/26)|* $Y'],
    probe: 'TCP|192.0.2.10|25|198.51.100.128|50344',
    state: 'NOMATCH',
  },
  {
    spec: '4.2 idiom, test holds',
    rows: ['x*    $C$:A$Yauth-$0$E', 'x*    $Nplain-$0'],
    probe: 'x1',
    input: 'A',
    output: 'auth-1',
    flags: 'Y',
  },
  {
    spec: '4.2 idiom, test fails',
    rows: ['x*    $C$:A$Yauth-$0$E', 'x*    $Nplain-$0'],
    probe: 'x1',
    output: 'plain-1',
    flags: 'N',
  },
  { spec: '4.2 without $C', rows: ['x*  $:A$Yauth-$0', 'x*  $Nplain-$0'], probe: 'x1', state: 'FAIL' },
  {
    spec: '4.3 guide',
    rows: ['PSI$%*::* $1@$0.psi.siroe.com'],
    probe: 'PSI%1234::USER',
    output: 'USER@1234.psi.siroe.com',
  },
  { spec: '4.4 case', rows: ['*@* $\\$0$_@$^$1'], probe: 'Ann.Lee@Example.Net', output: 'ann.lee@EXAMPLE.NET' },
  {
    spec: '4.5 chance, 0.39',
    rows: ['a*  $C$?40?$Ykeep$E', 'a*  $Ndrop'],
    probe: 'a',
    world: { draw: 0.39 },
    output: 'keep',
    flags: 'Y',
  },
  {
    spec: '4.5 chance, 0.40',
    rows: ['a*  $C$?40?$Ykeep$E', 'a*  $Ndrop'],
    probe: 'a',
    world: { draw: 0.4 },
    output: 'drop',
    flags: 'N',
  },
  {
    spec: '4.7 hexadecimal',
    rows: ['* n-$#seq|16|4#'],
    probe: 'x',
    world: { 'mapping.sequence': () => ({ kind: 'found', value: 42 }) },
    output: 'n-002A',
  },
  {
    spec: '4.7 modulus',
    rows: ['* $#seq|10|2|5#'],
    probe: 'x',
    world: { 'mapping.sequence': () => ({ kind: 'found', value: 43 }) },
    output: '03',
  },
  {
    spec: '4.8 quoting in a filter',
    rows: ['* $Y$]ldap:///o=x?mail?sub?(uid=$=$0)['],
    probe: 'a*b',
    world: { 'mapping.url': ({ url }) => (url === 'ldap:///o=x?mail?sub?(uid=a\\2ab)' ? found('m@x') : absent) },
    output: 'm@x',
    flags: 'Y',
  },
  { spec: '4.9 nested table, Y', rows: KNOWN, probe: 'a|10.9.8.7', output: 'in-a', flags: 'Y' },
  { spec: '4.9 nested table, N', rows: KNOWN, probe: 'a|192.0.2.1', output: 'out', flags: 'N' },
  {
    spec: '4.10 general table',
    rows: ['*|*  $C${ban|$0}$E'],
    probe: 'kim@a.test|x',
    world: { 'mapping.general': ({ key }) => (key === 'ban|kim@a.test' ? found('$NBanned') : absent) },
    output: 'Banned',
    flags: 'N',
  },
  { spec: '5 guard, growing', rows: ['*  x$0$R'], probe: 'q', output: 'xxxxxxxxxxxq' },
  { spec: '5 guard, shrinking', rows: ['*--*  $0-$1$R'], probe: 'a----b', output: 'a-b' },
  { spec: '5 $L', rows: ['b*    B$0$E', 'a*    b$0$L'], probe: 'a1', output: 'B1' },
  { spec: '5 $C in place of $L', rows: ['b*    B$0$E', 'a*    b$0$C'], probe: 'a1', output: 'b1' },
  {
    spec: 'access-control 6.3, inside',
    rows: PORT_ACCESS,
    probe: 'TCP|123.45.67.89|25|127.0.0.1|1234',
    output: '',
    flags: 'Y',
  },
  {
    spec: 'access-control 6.3, outside',
    rows: PORT_ACCESS,
    probe: 'TCP|123.45.67.89|25|192.0.2.1|1234',
    output: 'EXTERNAL',
    flags: 'Y',
  },
  {
    spec: 'access-control 3.2, anti-relay row',
    rows: ['tcp_local|*|tcp_local|*  $N$D30|Relaying$ not$ allowed'],
    probe: 'tcp_local|a@b.test|tcp_local|c@d.test',
    output: '30|Relaying not allowed',
    flags: 'DN',
  },
  {
    spec: 'access-control 7.1, flags through a call-out',
    rows: ['TCP|*|*|*|*|SMTP|*|tcp_local|*|*|* $C$[LIB/dns_verify,dns_verify,$6|$$y|$$NUnknown$ domain$ $6]$E'],
    probe: 'TCP|1|25|2|3|SMTP|MAIL|tcp_local|a@b.test|tcp_local|c@d.test',
    world: {
      'mapping.call': ({ image, routine, argument }) =>
        image === 'dns_verify' && routine === 'dns_verify' && argument === 'tcp_local|$y|$NUnknown domain tcp_local'
          ? found('$NUnknown$ domain')
          : absent,
    },
    output: 'Unknown domain',
    flags: 'N',
  },
  {
    spec: 'access-control 7.2, guide',
    rows: 'T\n\n  TCP|*|25|*|* \\\n$C$[LIBDIR/conn_throttle.so,throttle,$1,10] \\\n$N421$ Connection$ not$ accepted$E\n',
    probe: 'TCP|192.0.2.10|25|198.51.100.7|50344',
    world: {
      'mapping.call': ({ image, routine, argument }) =>
        image === 'conn_throttle' && routine === 'throttle' && argument === '198.51.100.7,10' ? found('') : absent,
    },
    output: '421 Connection not accepted',
    flags: 'N',
  },
]

for (const { spec, rows, probe, input, output, flags = '', state, world } of EXAMPLES)
  test(`spec ${spec}: ${JSON.stringify(probe)}`, () => {
    const mappings = load(typeof rows === 'string' ? rows : tableText('T', rows))
    const result = runIn(mappings, 'T', probe, world, input === undefined ? {} : { input })
    assert.deepEqual(verdict(result), { output: output ?? probe, flags, state: state ?? 'ok' })
  })
