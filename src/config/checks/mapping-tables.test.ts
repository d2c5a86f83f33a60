// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answer, loadMappings, runMapping } from '../../mapping/index.ts'
import { RUN_LIMITS } from '../../mapping/limits.ts'
import { matchPattern } from '../../mapping/match.ts'
import { Probe } from '../../mapping/probe.ts'
import { anyPattern } from '../../mapping/random-tables.fixture.ts'
import { Scratch } from '../../mapping/scratch.ts'
import { Work } from '../../mapping/work.ts'
import { checkMappingTables } from './mapping-tables.ts'
import { overlap } from './overlap.ts'

const found = (text: string): readonly string[] =>
  checkMappingTables(loadMappings({ name: 'mappings', text }).mappings).map(
    ({ code, line, message, reason }) =>
      `${line} ${code}: ${message}${reason?.includes('goes to') === true ? `; ${reason}` : ''}`,
  )

const CASES: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
  {
    name: 'a row that never decides, with a probe that proves it',
    text: 'T\n\n  a*  $Y\n  ab*  $N\n',
    want: [
      '4 mapping-shadowed: this row never decides: mappings:3 takes everything it matches; "abx" goes to mappings:3.',
    ],
  },
  {
    name: 'rows that hide another one together',
    text: 'T\n\n  $(10.0.0.0/25)  $Y\n  $(10.0.0.128/26)  $Y\n  $(10.0.0.192/26)  $Y\n  $(10.0.0.0/24)  $Y\n',
    want: [
      '6 mapping-shadowed: this row never decides: mappings:3 and mappings:5 and 1 between them together take everything it matches; "10.0.0.0" goes to mappings:3.',
    ],
  },
  { name: 'the special case above the general one is fine', text: 'T\n\n  ab*  $N\n  a*  $Y\n', want: [] },
  {
    name: 'duplicates',
    text: 'T\n\n  a*  $Y\n  a*  $N\n  b  x\n  b  x\n',
    want: [
      '4 mapping-duplicate: mappings:3 has the same pattern',
      '6 mapping-duplicate: mappings:5 has the same pattern',
    ],
  },
  {
    name: 'rows that cross and decide otherwise',
    text: 'T\n\n  a*|*  $N\n  *|b*  $Y\n',
    want: [
      '4 mapping-shadowed: mappings:3 decides the other way about a part of what this row matches; "a|b" goes to mappings:3.',
    ],
  },
  { name: 'rows that cross and decide alike', text: 'T\n\n  a*|*  $N\n  *|b*  $N$X5.7.1|no\n', want: [] },
  { name: 'a row that goes on hides nothing', text: 'T\n\n  a*  $C$Y\n  ab*  $N\n', want: [] },
  {
    name: 'host bits',
    text: 'INTERNAL_IP\n\n  $(192.0.2.1/24)  $Y\n  $<192.0.2.1/8>  $Y\n  $(192.0.2.0/24)  $Y\n  ${2001:db8::1/32}  $Y\n  $(192.0.2.1)  $Y\n',
    want: [
      '3 mapping-host-bits: $(192.0.2.1/24) has bits set that do not count',
      '4 mapping-host-bits: $<192.0.2.1/8> has bits set that do not count',
      '4 mapping-shadowed: this row never decides: mappings:3 takes everything it matches; "192.0.2.0" goes to mappings:3.',
      '5 mapping-shadowed: this row never decides: mappings:3 takes everything it matches; "192.0.2.0" goes to mappings:3.',
      '6 mapping-host-bits: ${2001:db8::1/32} has bits set that do not count',
      '7 mapping-shadowed: this row never decides: mappings:3 takes everything it matches; "192.0.2.1" goes to mappings:3.',
    ],
  },
  {
    name: 'the field that is not the client',
    text: 'PORT_ACCESS\n\n  *|*|*|*|*  $C$|INTERNAL_IP;$1|$Y$E\n  TCP|*|25|*|*  $C$[LIBDIR/conn_throttle.so,throttle,$0,10]$N421$ no$E\n',
    want: [
      "3 mapping-look-alike: $1 is the address of this server: the client's address is $3 in this row",
      "4 mapping-look-alike: $0 is the address of this server: the client's address is $1 in this row",
    ],
  },
  {
    name: 'the fields of the documentation are right',
    text: 'PORT_ACCESS\n\n  TCP|*|25|*|*  $C$[LIBDIR/conn_throttle.so,throttle,$1,10]$N421$ no$E\n  *|*|*|*|*  $C$|INTERNAL_IP;$3|$Y$E\n  *  $YEXTERNAL\n\nMAIL_ACCESS\n\n  TCP|*|*|*|*|SMTP*|*|tcp_local|*|*|*  $C$[dns_verify,dns_verify_domain,$2,list.example]$E\n',
    want: [],
  },
  {
    name: 'SMTP alone',
    text: 'FROM_ACCESS\n\n  *|SMTP|MAIL|tcp_local|*|  $N\n  TCP|*|*|*|*|SMTP|MAIL|tcp_auth|*|*  $Y\n',
    want: [
      '3 mapping-look-alike: SMTP alone matches only clients that did not say HELO',
      '4 mapping-look-alike: SMTP alone matches only clients that did not say HELO',
    ],
  },
  {
    name: 'a network written as text',
    text: 'INTERNAL_IP\n\n  192.0.2.0/24  $Y\n',
    want: ['3 mapping-look-alike: 192.0.2.0/24 is written as text, and no address is written so'],
  },
]

for (const { name, text, want } of CASES) test(name, () => assert.deepEqual([...found(text)].sort(), [...want].sort()))

test('probes prove what they are named for', async () => {
  const text = 'T\n\n  a*|*  $N\n  *|b*  $Y\n  ac*|%  $Y\n'
  const { mappings } = loadMappings({ name: 'mappings', text })
  const reports = checkMappingTables(mappings)
  assert.ok(reports.length > 0)
  for (const { reason = '' } of reports) {
    const m = /^(".*") goes to mappings:(\d+)\.$/.exec(reason)
    assert.ok(m !== null, reason)
    const result = await answer(runMapping(mappings, 'T', JSON.parse(m[1] ?? '')), { random: () => '00' })
    assert.equal(result.kind === 'answered' ? result.row?.line : undefined, Number(m[2]))
  }
})

test('what overlap finds, both match', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`overlap: seed ${seed}`)
  fc.assert(
    fc.property(anyPattern, anyPattern, (one, other) => {
      const { mappings } = loadMappings({ name: 'm', text: `T\n\n  ${one}  x\n  ${other}  x\n` })
      const [a, b] = mappings.table('T')?.rows ?? []
      if (a === undefined || b === undefined) return
      const text = overlap(a.pattern, b.pattern)
      if (text === undefined) return
      for (const { pattern } of [a, b])
        assert.ok(
          matchPattern(pattern, new Probe(text), new Work(RUN_LIMITS, new Scratch())),
          `${one} ${other} ${text}`,
        )
    }),
    { seed, numRuns: 2000 },
  )
})
