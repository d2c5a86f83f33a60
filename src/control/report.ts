// SPDX-License-Identifier: Apache-2.0
/**
 * How one process that serves mail is doing, as plain data, and what operators are told when several such reports are
 * put together. Pure.
 */
import type { Health } from '../monitor/health.ts'
import type { ResultOf } from './protocol.ts'

export type Check = Health['checks'][number]

export interface Report {
  /** Numbers of the queue's shards it owns. */
  readonly shards: readonly number[]
  readonly connections: number
  /** Recipients. */
  readonly queued: number
  readonly held: number
  /** Of all its shards. */
  readonly ledger: { readonly balanced: boolean; readonly detail: string }
  /** Records the history did not keep. */
  readonly dropped: number
  /** The guards of disk and load, and suspects. */
  readonly machine: readonly Check[]
}

/** A report, and whose it is. */
export interface ReportOf {
  readonly worker: number
  readonly report: Report
}

/** Checks of one name are fine when all are; what is told is told of those that are not, or of all that differ. */
export function mergeChecks(
  all: readonly { readonly worker: number; readonly checks: readonly Check[] }[],
): readonly Check[] {
  const names = new Set(all.flatMap(({ checks }) => checks.map(({ name }) => name)))
  return [...names].map((name) => {
    const of = all.flatMap(({ worker, checks }) =>
      checks.filter((check) => check.name === name).map((check) => ({ ...check, worker })),
    )
    const wrong = of.filter(({ ok }) => !ok)
    const told = wrong.length > 0 ? wrong : of
    const alike = told.every(({ detail }) => detail === told[0]?.detail)
    const detail = alike ? (told[0]?.detail ?? '') : told.map((one) => `worker ${one.worker}: ${one.detail}`).join('; ')
    return { name, ok: wrong.length === 0, detail }
  })
}

export const machineOf = (reports: readonly ReportOf[]): readonly Check[] =>
  mergeChecks(reports.map(({ worker, report }) => ({ worker, checks: report.machine })))

const ledgerOf = (reports: readonly ReportOf[]): Check => {
  const checks = reports.map(({ worker, report: { ledger } }) => ({
    worker,
    checks: [{ name: 'ledger', ok: ledger.balanced, detail: ledger.detail }],
  }))
  return mergeChecks(checks)[0] ?? { name: 'ledger', ok: false, detail: 'nobody serves' }
}

/** For `/health`. */
export function healthOf(reports: readonly ReportOf[], own: readonly Check[] = []): Health {
  const checks = [ledgerOf(reports), ...machineOf(reports), ...own]
  return { ok: checks.every(({ ok }) => ok), checks }
}

/** For `postern doctor`. */
export function doctorOf(reports: readonly ReportOf[], own: readonly Check[] = []): ResultOf['doctor'] {
  const dropped = reports.reduce((sum, { report }) => sum + report.dropped, 0)
  const history = { name: 'history', ok: dropped === 0, detail: `${dropped} records dropped` }
  const checks = [ledgerOf(reports), ...machineOf(reports), history, ...own]
  return { checks: checks.map(({ name, ok, detail }) => ({ name, fine: ok, detail })) }
}

const sum = (reports: readonly ReportOf[], of: (report: Report) => number): number =>
  reports.reduce((total, { report }) => total + of(report), 0)

/** The part of `postern status` that is about mail. */
export const countsOf = (reports: readonly ReportOf[], own: readonly Check[] = []) => ({
  connections: sum(reports, ({ connections }) => connections),
  queued: sum(reports, ({ queued }) => queued),
  held: sum(reports, ({ held }) => held),
  machine: [...machineOf(reports), ...own],
})
