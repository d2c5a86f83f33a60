// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countsOf, doctorOf, healthOf, type Report } from './report.ts'

const report = (over: Partial<Report> = {}): Report => ({
  shards: [0],
  connections: 1,
  queued: 2,
  held: 3,
  ledger: { balanced: true, detail: 'balanced' },
  dropped: 0,
  machine: [{ name: 'free space', ok: true, detail: '1 GB free' }],
  ...over,
})
const reports = (...all: readonly Report[]) => all.map((one, worker) => ({ worker, report: one }))

test('counts add up; what all say is said once', () => {
  assert.deepEqual(countsOf(reports(report(), report())), {
    connections: 2,
    queued: 4,
    held: 6,
    machine: [{ name: 'free space', ok: true, detail: '1 GB free' }],
  })
})

test('one alarm is everybody’s, and says whose it is where they differ', () => {
  const busy = { name: 'load', ok: false, detail: 'the loop is late' }
  const calm = { name: 'load', ok: true, detail: 'fine' }
  const { ok, checks } = healthOf(reports(report({ machine: [calm] }), report({ machine: [busy] })))
  assert.deepEqual([ok, checks.at(-1)], [false, busy])
  const other = { ...busy, detail: 'memory is short' }
  const both = healthOf(reports(report({ machine: [other] }), report({ machine: [busy] })))
  assert.equal(both.checks.at(-1)?.detail, 'worker 0: memory is short; worker 1: the loop is late')
})

test('a ledger that does not balance, records that were dropped, and nobody at all are findings', () => {
  const lost = report({ ledger: { balanced: false, detail: 'one lost' }, dropped: 4 })
  const wrong = (all: readonly Report[]) =>
    doctorOf(reports(...all)).checks.flatMap(({ name, fine, detail }) => (fine ? [] : [`${name}: ${detail}`]))
  assert.deepEqual(wrong([report(), lost]), ['ledger: one lost', 'history: 4 records dropped'])
  assert.deepEqual(wrong([]), ['ledger: nobody serves'])
})
