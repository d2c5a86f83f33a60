// SPDX-License-Identifier: Apache-2.0
/** Mail being served, by this process or by workers of it: what the control socket and the monitor need to know. */
import type { LoadedRevision } from '../config/where.ts'
import type { ResultOf, WorkerRow } from '../control/protocol.ts'
import type { QueueHandlers } from '../control/queue-handlers.ts'
import type { Check, Report, ReportOf } from '../control/report.ts'
import type { Health } from '../monitor/health.ts'
import type { TraceRecord } from '../policy/trace.ts'
import type { Usable } from './usable.ts'

export interface Served extends AsyncDisposable {
  /** Where it listens, by the name of the listener. */
  readonly addresses: Readonly<Record<string, { readonly address: string; readonly port: number }>>
  readonly queue: QueueHandlers
  revision(): LoadedRevision
  /** Puts a new revision to use everywhere, or nowhere. @throws Error, and nothing has changed */
  use(next: Usable): Promise<void>
  workers(): Promise<readonly WorkerRow[]>
  reports(): Promise<readonly ReportOf[]>
  /** What is watched for all of them together. */
  checks(): readonly Check[]
  health(): Promise<Health>
  doctor(): Promise<ResultOf['doctor']>
  /** In Prometheus' text format. */
  metrics(): Promise<string>
  follow(onRecord: (record: TraceRecord) => void): () => void
  /** Ends sessions and deliveries within the deadline, and says how the ledger stands. */
  stop(deadlineMs: number): Promise<Report['ledger']>
}
