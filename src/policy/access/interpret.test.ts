// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: flags and arguments as spec access-control.md 3 and 4 have them, the worked examples among them, each run
 * through the mapping language as a row; whatever the output holds, nothing that ends a line comes out.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answer, runMapping } from '../../mapping/index.ts'
import { tablesOf } from './fixture.ts'
import type { TableKind } from './flags.ts'
import { type Interpretation, interpret } from './interpret.ts'

const SEED = 20261124

function said(kind: TableKind, template: string, probe = 'kim'): Interpretation {
  const { mappings } = tablesOf(`T\n\n  *  ${template}\n`)
  const result = answer(runMapping(mappings, 'T', probe), {})
  assert.ok(!(result instanceof Promise) && result.kind === 'answered')
  return interpret(kind, result.output, result.flags)
}

const rows: readonly {
  readonly kind?: TableKind
  readonly template: string
  readonly says: Partial<Interpretation>
}[] = [
  { template: '$N', says: { refuse: { text: '' } } },
  { template: '$NGo$ away', says: { refuse: { text: 'Go away' } } },
  { template: '$FGo$ away', says: { refuse: { text: 'Go away' } } },
  { template: '$N$X5.7.13|closed', says: { status: { class: 5, enhanced: '7.13' }, refuse: { text: 'closed' } } },
  { template: '$D-200|$Y', says: { delayMs: -2000, allow: true } },
  {
    kind: 'from',
    template: '$Y$J$K$0@hub.test|$0@hub.test',
    says: { allow: true, from: { path: 'kim@hub.test' as never }, sender: 'kim@hub.test' as never },
  },
  { template: '$A$G$YX-Seen:$ yes|gold', says: { allow: true, field: 'X-Seen: yes\r\n', tags: ['gold'] } },
  { template: 'log$ me|50|no$N$D$<', says: { syslog: 'log me', delayMs: 500, refuse: { text: 'no' } } },
  // AG63 18.3, as cited in 3.2.
  { template: '$N$D30|Relaying$ not$ allowed', says: { delayMs: 300, refuse: { text: 'Relaying not allowed' } } },
  // All arguments, in reading order, whatever the order of the flags.
  {
    kind: 'from',
    template:
      '$X$,$S$M$G$A$T$D$>$<$I$K$J$U$N7|j@x.test|k@x.test|u|g|s1|s2|10|tag|H:$ v|a,b|c@x.test|1,2,3|4.7.0|spam|no|really',
    says: {
      debug: 7,
      from: { path: 'j@x.test' as never },
      sender: 'k@x.test' as never,
      group: { user: 'u', group: 'g' },
      syslog: 's1',
      syslogRefused: 's2',
      delayMs: 100,
      prefix: 'tag',
      field: 'H: v\r\n',
      tags: ['a', 'b'],
      capture: 'c@x.test' as never,
      limits: { blockLimit: 1, recipientLimit: 2, recipientCutoff: 3 },
      status: { class: 4, enhanced: '7.0' },
      spamadjust: 'spam',
      // Everything left is the text, bars included.
      refuse: { text: 'no|really' },
    },
  },
  {
    kind: 'from',
    template: '$B$H$V$Z$!',
    says: { bitbucket: true, hold: true, discard: true, jettison: true, novacation: true },
  },
  { kind: 'from', template: '$S,5', says: { limits: { recipientLimit: 5 } } },
  { kind: 'from', template: '$J<>', says: { from: { path: null } } },
  // FROM_ACCESS only: elsewhere they mean nothing and take no argument.
  { template: '$J$K$S$!$D30', says: { delayMs: 300 } },
  { template: '$Yleft$ over', says: { allow: true } },
  // Missing and bad arguments: the flag is ignored.
  { template: '$D', says: { warnings: ['$D has no argument: hundredths of a second is missing'] } },
  {
    template: '$N$D$X30',
    says: { delayMs: 300, refuse: { text: '' }, warnings: ['$X has no argument: an enhanced status code is missing'] },
  },
  { template: '$Dx|$Y', says: { allow: true, warnings: ['$D: "x" is not hundredths of a second'] } },
  { template: '$U1.5', says: { warnings: ['$U: "1.5" is not a level of debugging'] } },
  { kind: 'from', template: '$S1,x', says: { warnings: ['$S: "1,x" is not up to three limits'] } },
  { kind: 'from', template: '$Jnobody', says: { warnings: ['$J: "nobody" is not an address'] } },
  { template: '$X2.0.0', says: { warnings: ['$X: "2.0.0" is not an enhanced status code'] } },
  { template: '$Ano$ header', says: { warnings: ['$A: "no header" is not a header line'] } },
  { template: '$Iu', says: { warnings: ['$I has no argument: a user and a group is missing'] } },
  // 4
  { kind: 'port', template: '$N', says: { refuse: { text: '' } } },
  { kind: 'port', template: '$N421$ Connection$ declined', says: { refuse: { text: '421 Connection declined' } } },
  { kind: 'port', template: '$YEXTERNAL', says: { allow: true, rest: 'EXTERNAL' } },
  {
    kind: 'port',
    template: '$T$U$<$>$N3|seen|gone|421$ no',
    says: { record: true, debug: 3, syslog: 'seen', syslogRefused: 'gone', refuse: { text: '421 no' } },
  },
  {
    kind: 'port',
    template: '$N421$ no||for$ the$ log',
    says: { refuse: { text: '421 no' }, connectionText: 'for the log' },
  },
  { kind: 'port', template: '$Y||for$ the$ log', says: { allow: true, connectionText: 'for the log' } },
  { kind: 'port', template: '$Z$B$D30', says: { rest: '30' } },
]
for (const { kind = 'recipient', template, says } of rows)
  test(`spec access-control.md ${kind === 'port' ? '4' : '3.2'}: ${template}`, () => {
    const { rest, warnings, ...others } = said(kind, template)
    const { rest: wantedRest, warnings: wantedWarnings = [], ...wanted } = says
    assert.deepEqual(others, wanted)
    assert.deepEqual(warnings, wantedWarnings)
    if (wantedRest !== undefined) assert.equal(rest, wantedRest)
  })

test('spec access-control.md 5: the authenticated sender is forced, fields counted as there', () => {
  const { mappings } = tablesOf('FROM_ACCESS\n\n  TCP|*|*|*|*|SMTP*|MAIL|tcp_auth|*|*    $Y$J$K$6|$6\n')
  const probe = 'TCP|192.0.2.10|25|198.51.100.7|50344|SMTP/h|MAIL|tcp_auth|forged@x.test|kim@example.org'
  const result = answer(runMapping(mappings, 'FROM_ACCESS', probe), {})
  assert.ok(!(result instanceof Promise) && result.kind === 'answered')
  const { from, sender, allow } = interpret('from', result.output, result.flags)
  assert.deepEqual([from?.path, sender, allow], ['kim@example.org', 'kim@example.org', true])
})

test(`any output and any flags: nothing that could end a line but in the field's own end; seed ${SEED}`, () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ':', '|', '\r', '\n', '\0', ' ', '@', '.', '5', ',', '\u2028', '"'),
  })
  fc.assert(
    fc.property(
      fc.constantFrom<TableKind>('port', 'from', 'recipient'),
      text,
      fc.string({ maxLength: 12 }),
      (kind, output, flags) => {
        const {
          refuse: _,
          rest: _rest,
          connectionText: _c,
          warnings: _w,
          field = '',
          ...carried
        } = interpret(kind, output, `${flags}AGTM<>,`)
        assert.doesNotMatch(JSON.stringify(carried), /\\[rn]|\\u00|\u2028/)
        assert.match(field, /^(?:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n)?$/)
      },
    ),
    { seed: SEED, numRuns: 500 },
  )
})
