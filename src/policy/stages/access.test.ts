// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: the stages that ask access tables make of their rows what spec access-control.md says: refusal, hold, discard,
 * delay, log lines, limits, tags; members of an alias; the guard below the tables; and a trace that names the row.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive } from '../../ask/ask.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { describeReply } from '../../smtp/reply.ts'
import {
  askStage,
  contextOf,
  type Given,
  mailAddress,
  type Recorded,
  recordingHost,
  revisionOf,
} from '../access/fixture.ts'
import { channelBound } from '../channel-limits.ts'
import { runStages } from '../run-stages.ts'
import type { RcptContext, SessionContext, Stage, StageResult } from '../stage.ts'
import type { Step } from '../trace.ts'
import { fromAccess } from './from-access.ts'
import { networkSwitch } from './network-switch.ts'
import { portAccess } from './port-access.ts'
import { mailAccess, origMailAccess, origSendAccess, sendAccess } from './recipient-access.ts'
import { relayGuard } from './relay-guard.ts'

const channel = (name: string): ChannelName => name as ChannelName

function run<C extends SessionContext>(
  stage: Stage<C>,
  context: C,
  recorded: Recorded = recordingHost(),
): StageResult<C> {
  const result = drive(askStage(stage, context), recorded.host)
  assert.ok(!(result instanceof Promise))
  return result
}

function given(site: Given, more: Partial<RcptContext> = {}): RcptContext {
  const domain = 'b.test' as NonNullable<RcptContext['route']>['domain']
  return contextOf(revisionOf(site), { route: { channel: channel('ims-ms'), domain, local: true }, ...more })
}

const row = (table: string, ...rows: readonly string[]): string =>
  `${table}\n\n${rows.map((one) => `  ${one}\n`).join('')}\n`
const told = ({ verdict }: StageResult<unknown>): string =>
  verdict.do === 'refuse' ? describeReply(verdict.reply) : verdict.do

test('a table that is not there says nothing, and leaves no step', () => {
  for (const stage of [fromAccess, origSendAccess, origMailAccess, sendAccess, mailAccess]) {
    const result = run(stage as Stage<RcptContext>, given({}))
    assert.deepEqual([told(result), result.silent], ['pass', true])
  }
})

const effects: readonly {
  readonly template: string
  readonly says: string
  readonly notes?: readonly string[]
  readonly waits?: readonly number[]
}[] = [
  { template: '$Y', says: 'pass' },
  { template: 'nothing', says: 'pass' },
  { template: '$N', says: '550 5.7.1 unknown host or domain: lee@b.test' },
  { template: '$Y$N', says: '550 5.7.1 unknown host or domain: lee@b.test' },
  { template: '$B$H$V$NGo', says: '550 5.7.1 Go: lee@b.test' },
  { template: '$H', says: 'hold' },
  { template: '$H$V', says: 'hold' },
  { template: '$B', says: 'discard' },
  { template: '$V', says: 'discard' },
  { template: '$Z', says: 'discard' },
  { template: '$<$>seen|refused', says: 'pass', notes: ['syslog user.notice seen'] },
  {
    template: '$<$>$Nseen|refused|no',
    says: '550 5.7.1 no: lee@b.test',
    notes: ['syslog user.notice seen', 'syslog user.notice refused'],
  },
  { template: '$U7', says: 'pass', notes: ['debug mail.debug level 7'] },
  { template: '$D-200|$Y', says: 'pass', waits: [2000] },
  { template: '$D-200|no$N', says: '550 5.7.1 no: lee@b.test', waits: [2000] },
  { template: '$D200|$Y', says: 'pass' },
  { template: '$D-999999|$Y', says: 'pass', waits: [30_000] },
  { template: '$Istaff|kim', says: '550 5.7.1 unknown host or domain: lee@b.test' },
  { template: '$Ikim|staff', says: 'pass' },
]
for (const { template, says, notes = [], waits = [] } of effects)
  for (const [table, stage] of [
    ['ORIG_SEND_ACCESS', origSendAccess],
    ['MAIL_ACCESS', mailAccess],
  ] as const)
    test(`spec access-control.md 3, ${table}: ${template}`, () => {
      const recorded = recordingHost({ members: ['kim staff'] })
      const becomes = [{ address: mailAddress('lee@b.test'), given: 'lee@b.test', channel: channel('ims-ms') }]
      const result = run(stage, given({ mappings: row(table, `* ${template}`) }, { becomes }), recorded)
      const member = result.context?.becomes?.[0]?.channel
      const thrown = table === 'MAIL_ACCESS' && template === '$B'
      assert.equal(thrown ? member : told(result), thrown ? 'bitbucket' : says)
      assert.deepEqual(
        recorded.notes.map(({ kind, facility, severity, text }) => `${kind} ${facility}.${severity} ${text}`),
        notes,
      )
      assert.deepEqual(recorded.waits, waits)
      for (const note of recorded.notes) assert.equal(note.by, `${table} mappings:3:3`)
    })

test('spec access-control.md 3.2: a positive delay, fields, tags and the like are carried', () => {
  const site = { mappings: row('ORIG_SEND_ACCESS', '* 50|t|X-A:$ 1|gold,red|boss@b.test|+3$A$G$M$T$,$D$Y') }
  const { context } = run(origSendAccess, given(site))
  assert.deepEqual(context?.carried, {
    asked: { prefixes: ['t'], captures: ['boss@b.test'], spamadjust: ['+3'] },
    fields: ['X-A: 1\r\n'],
    delayMs: 500,
    debug: 0,
  })
  assert.deepEqual(context?.tags, ['gold', 'red'])
  assert.equal(context?.allowedBy?.by, 'table')
})

test('spec access-control.md 3.2: of a row that refuses, the delay alone stays', () => {
  const site = { mappings: row('ORIG_SEND_ACCESS', '* 50|X-A:$ 1|no$A$D$N') }
  const { context } = run(origSendAccess, given(site))
  assert.deepEqual(context?.carried, { asked: {}, fields: [], delayMs: 500, debug: 0 })
})

test('spec access-control.md 3.2, FROM_ACCESS: sender, limits, tags of all, novacation', () => {
  const site = {
    mappings: row('FROM_ACCESS', '* new@b.test|boss@b.test|gold|10,2,3$Y$J$K$G$S$!'),
    channels: { tcp_local: { authRewrite: true, recipientLimit: 1 } },
  }
  const { context } = run(fromAccess, given(site))
  assert.ok(context !== undefined)
  assert.equal(context.reversePath, 'new@b.test')
  assert.equal(context.typedReversePath, 'kim@example.net')
  assert.deepEqual(context.carried?.asked, { novacation: true, tags: ['gold'], sender: 'boss@b.test' })
  assert.equal(channelBound(context, 'sourceBlockLimit').max, 10)
  assert.equal(channelBound(context, 'recipientCutoff').max, 3)
  assert.deepEqual(channelBound(context, 'recipientCutoff').by, {
    by: 'table',
    table: 'FROM_ACCESS',
    ...at('FROM_ACCESS', context),
  })
  // The channel's is smaller.
  assert.equal(channelBound(context, 'recipientLimit').max, 1)
})

const at = (table: string, { revision }: SessionContext) => {
  const first = revision.tables?.mappings.table(table)?.rows[0] ?? assert.fail()
  const { name, file, line, column, source: text } = first
  return { row: name, at: { file, line, column, text } }
}

test('spec access-control.md 3.2: $K without authrewrite is ignored, and the trace says so', () => {
  const result = run(fromAccess, given({ mappings: row('FROM_ACCESS', '* boss@b.test$Y$K') }))
  assert.equal(result.context?.carried?.asked.sender, undefined)
  assert.match(result.note ?? '', /authRewrite/)
})

const ALIAS = ['kim', 'far', 'lee'].map((name) => ({
  address: mailAddress(`${name}@${name === 'far' ? 'c.test' : 'b.test'}`),
  given: 'team@b.test',
  channel: channel(name === 'far' ? 'tcp_local' : 'ims-ms'),
}))
const names = ({ context }: StageResult<RcptContext>): string =>
  (context?.becomes ?? []).map(({ address }) => address).join(' ')

test('spec access-control.md 1 [U]: a member that is refused is dropped; the first refusal counts when none is left', () => {
  const some = run(
    sendAccess,
    given({ mappings: row('SEND_ACCESS', '*|*|tcp_local|* $NNot$ out') }, { becomes: ALIAS }),
  )
  assert.equal(told(some), 'pass')
  assert.equal(names(some), 'kim@b.test lee@b.test')
  assert.match(some.note ?? '', /far@c\.test is refused by SEND_ACCESS mappings:3:3/)
  const all = run(
    sendAccess,
    given({ mappings: row('SEND_ACCESS', '*|kim@* $NFirst', '* $NOther') }, { becomes: ALIAS }),
  )
  assert.equal(told(all), '550 5.7.1 First: lee@b.test')
  const later = run(sendAccess, given({ mappings: row('SEND_ACCESS', '*|far@* $X4.7.1|wait$N') }, { becomes: ALIAS }))
  assert.equal(told(later), '450 4.7.1 wait: lee@b.test')
})

test('members that are expanded at delivery are asked about too, and then are no more expanded there', () => {
  const whole = [{ address: mailAddress('team@b.test'), given: 'team@b.test', channel: channel('l') }]
  const context = { becomes: whole, members: ALIAS }
  const fine = run(sendAccess, given({ mappings: row('SEND_ACCESS', '*|nobody@* $N') }, context))
  assert.equal(names({ ...fine, context: fine.context ?? given({}, context) }), 'team@b.test')
  const less = run(sendAccess, given({ mappings: row('SEND_ACCESS', '*|far@* $N') }, context))
  assert.equal(names(less), 'kim@b.test lee@b.test')
  assert.equal(less.context?.members, undefined)
})

test('design 2.7: a bound that was hit is 4xx, at every table', () => {
  const loop = 'a$0$0$0$0$0$0$0$0$0$R'
  const long = { reversePath: mailAddress(`${'s'.repeat(64)}@${'d'.repeat(60)}.test`) }
  for (const [table, stage] of [
    ['FROM_ACCESS', fromAccess],
    ['ORIG_SEND_ACCESS', origSendAccess],
    ['ORIG_MAIL_ACCESS', origMailAccess],
    ['SEND_ACCESS', sendAccess],
    ['MAIL_ACCESS', mailAccess],
  ] as const) {
    const result = run(
      stage as Stage<RcptContext>,
      given({ mappings: row(table, `* ${loop}`) }, { ...long, becomes: ALIAS }),
    )
    assert.match(told(result), /^451 4\.3\.0/, table)
  }
  const port = run(portAccess, given({ mappings: row('PORT_ACCESS', `* ${loop}`) }))
  assert.match(told(port), /^421 4\.3\.0/)
  const inside = run(networkSwitch, given({ mappings: row('INTERNAL_IP', `* ${loop}`) }))
  assert.match(told(inside), /^421 4\.3\.0/)
})

test('access.failedLookups: what to do when a service does not answer', () => {
  const mappings = row('ORIG_SEND_ACCESS', '* $C$]ldap:///o=x[$N$E', '* $Y')
  assert.equal(told(run(origSendAccess, given({ mappings }))), 'pass')
  assert.match(told(run(origSendAccess, given({ mappings, access: { failedLookups: 'defer' } }))), /^451 4\.3\.0/)
})

const outside = { channel: channel('tcp_local'), domain: 'c.test' as never, local: false }
const guards: readonly (readonly [what: string, site: Given, more: Partial<RcptContext>, passes: boolean])[] = [
  ['no table', {}, {}, false],
  ['$Y and relay: never', { mappings: row('ORIG_SEND_ACCESS', '* $Y') }, {}, false],
  ['relay: by-table without $Y', { channels: { tcp_local: { relay: 'by-table' } } }, {}, false],
  ['both', { mappings: row('ORIG_SEND_ACCESS', '* $Y'), channels: { tcp_local: { relay: 'by-table' } } }, {}, true],
  [
    'both, in MAIL_ACCESS',
    { mappings: row('MAIL_ACCESS', '* $Y'), channels: { tcp_local: { relay: 'by-table' } } },
    {},
    true,
  ],
  [
    'both, but the sender holds a bar',
    { mappings: row('ORIG_SEND_ACCESS', 'tcp_local|*@ours.test|* $Y'), channels: { tcp_local: { relay: 'by-table' } } },
    { reversePath: mailAddress('a@ours.test|x@evil.test') },
    false,
  ],
  [
    'both, and a later table refuses',
    {
      mappings: row('ORIG_SEND_ACCESS', '* $Y') + row('MAIL_ACCESS', '* $N'),
      channels: { tcp_local: { relay: 'by-table' } },
    },
    {},
    false,
  ],
]
for (const [what, site, more, passes] of guards)
  test(`design 2.10, the guard below the tables: ${what}`, () => {
    const steps: Omit<Step, 'ms'>[] = []
    const becomes = [{ address: mailAddress('far@c.test'), given: 'far@c.test', channel: channel('tcp_local') }]
    const context = given(site, { route: outside, becomes, ...more })
    const stages = [origSendAccess, origMailAccess, sendAccess, mailAccess, relayGuard]
    const result = drive(runStages('rcpt', stages, context, { step: (step) => steps.push(step) }), recordingHost().host)
    assert.ok(!(result instanceof Promise))
    assert.equal(result.verdict.do, passes ? 'pass' : 'refuse')
  })

test('design 2.2: the step names table, row, probe, what each wildcard took, output and flags; rows passed by $C too', () => {
  const steps: Omit<Step, 'ms'>[] = []
  const mappings = row('ORIG_SEND_ACCESS', '*|*@example.net|* $C', '! a comment', '$C $NNo$ $0')
  const site = { mappings: `${mappings.replace('  ! a comment\n', '! a comment\n').replace('  $C $N', '  * $N')}` }
  const run = drive(
    runStages('rcpt', [origSendAccess], given(site), { step: (step) => steps.push(step) }),
    recordingHost().host,
  )
  assert.ok(!(run instanceof Promise))
  const [step] = steps
  assert.deepEqual(
    step?.by.by === 'table' ? [step.by.table, step.by.at?.file, step.by.at?.line, step.by.at?.column] : [],
    ['ORIG_SEND_ACCESS', 'mappings', 5, 3],
  )
  const [asked] = step?.tables ?? []
  assert.equal(asked?.probe, 'tcp_local|kim@example.net|ims-ms|lee@b.test')
  assert.equal(asked?.input, 'E')
  assert.deepEqual([asked?.output, asked?.flags], ['No ', 'N'])
  const rows = asked?.steps?.flatMap((one) =>
    one.step === 'row' ? [[one.row.line, one.next, one.pieces.map(({ text }) => text)]] : [],
  )
  assert.deepEqual(rows, [
    [3, 'C', ['tcp_local', '|', 'kim', '@example.net|', 'ims-ms|lee@b.test']],
    [5, undefined, ['']],
  ])
})

test('spec access-control.md 4: LOG_CONNECTION', () => {
  const recorded = recordingHost()
  const site = { mappings: row('PORT_ACCESS', '* $T$N421$ no||why'), access: { logConnection: 18 } }
  const result = run(portAccess, given(site), recorded)
  assert.equal(told(result), '421 no')
  assert.deepEqual(
    recorded.notes.map(({ kind, text }) => `${kind} ${text}`),
    [
      'connection T TCP|192.0.2.10|25|198.51.100.7|50344 421 no',
      'connection C TCP|192.0.2.10|25|198.51.100.7|50344 why',
    ],
  )
})

test('spec access-control.md 6.1: INTERNAL_IP, and networks.own where there is no such table', () => {
  const stock = row('INTERNAL_IP', '$(198.51.100.0/24) $Y', '127.0.0.1 $Y', '* $N')
  const inside = run(networkSwitch, given({ mappings: stock }))
  assert.equal(inside.context?.source, 'tcp_intranet')
  assert.equal(inside.context?.insideBy?.by, 'table')
  const out = given({ mappings: stock, own: ['192.0.2.0/24'] }, { client: { address: '192.0.2.1', port: 1 } })
  assert.equal(run(networkSwitch, out).context, undefined)
  const own = given({ own: ['192.0.2.0/24'] }, { client: { address: '192.0.2.1', port: 1 } })
  assert.equal(run(networkSwitch, own).context?.source, 'tcp_intranet')
})

test('spec mapping-tables.md 4.10, 4.11: the general table and names of domains', () => {
  const mappings = row('ORIG_SEND_ACCESS', `*|*@*|*|* $C$\{ban|$1@$2}$E`, '* $Y')
  const banned = given({ mappings, general: 'ban|kim@example.net  $NBanned\n' })
  assert.equal(told(run(origSendAccess, banned)), '550 5.7.1 Banned: lee@b.test')
  const domain = row('ORIG_SEND_ACCESS', '* $C$}b.test,_domain_name_{$N$E', '* $Y')
  assert.equal(told(run(origSendAccess, given({ mappings: domain }))), 'pass')
})
