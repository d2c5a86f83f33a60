// SPDX-License-Identifier: Apache-2.0
/** Proves: a trace stays bounded however much tables have to say of it, and of many recipients the deciding rows stay. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive } from '../../ask/ask.ts'
import { STOCK_TABLES } from '../../config/stock-tables.ts'
import { runStages } from '../run-stages.ts'
import { origSendAccess } from '../stages/recipient-access.ts'
import { MAX_TRACE_BYTES, TraceBuilder } from '../trace-builder.ts'
import { weighTables } from '../trace-weight.ts'
import { askTable } from './ask-table.ts'
import { contextOf, mailAddress, recordingHost, revisionOf } from './fixture.ts'

const TABLES = `${STOCK_TABLES}
DEEP

  *|*|*|*    $C$|DEEP2;$0|$|DEEP2;$1|$E
  *          $0$R

DEEP2

  *          $C$Y$0
  *          $Y$0$0
`

test('what tables weigh is not less than what they take, and not much more', () => {
  const revision = revisionOf({ mappings: TABLES })
  for (const [table, probe] of [
    ['PORT_ACCESS', 'TCP|192.0.2.10|25|198.51.100.7|50344'],
    ['PORT_ACCESS', 'TCP|192.0.2.10|25|127.0.0.1|50344'],
    ['INTERNAL_IP', '::1'],
    ['ORIG_SEND_ACCESS', 'tcp_local|a@b.test|tcp_local|c@d.test'],
    ['ORIG_SEND_ACCESS', 'tcp_local|a@b.test|l|c@d.test'],
    ['DEEP', `${'x'.repeat(300)}|b|c|d`],
  ] as const) {
    const answer = drive(askTable(revision, table, probe, 'A'), recordingHost().host)
    assert.ok(!(answer instanceof Promise) && answer !== undefined)
    const size = JSON.stringify([answer.trace]).length
    const weight = weighTables([answer.trace])
    assert.ok(weight >= size * 0.9 && weight <= size * 2 + 200, `${table} ${probe.slice(0, 40)}: ${weight} for ${size}`)
  }
})

test('a thousand recipients refused by one row leave a trace within its bound', () => {
  const context = contextOf(revisionOf({ mappings: TABLES }))
  const { client, server } = context
  const start = { id: context.id, session: context.session, at: 0, revision: 'r', listener: 'mx', client, server }
  const trace = new TraceBuilder({ ...start, source: 'tcp_local' }, () => 0)
  const route = { channel: 'tcp_local', domain: 'd.test', local: false } as unknown as NonNullable<typeof context.route>
  for (let i = 0; i < 1000; i++) {
    const address = mailAddress(`user${i}@d.test`)
    const one = { ...context, address, given: address, route }
    void drive(runStages('rcpt', [origSendAccess], one, trace, address), recordingHost().host)
  }
  const finished = trace.finish('refused')
  assert.ok(JSON.stringify(finished).length <= MAX_TRACE_BYTES)
  assert.ok((finished.cut?.steps ?? 0) > 0)
  const probes = finished.steps.flatMap(({ tables = [] }) => tables.map(({ probe }) => probe))
  assert.equal(new Set(probes).size, probes.length)
  assert.ok(probes.length > 20)
})
