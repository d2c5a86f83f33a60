// SPDX-License-Identifier: Apache-2.0
/** What the dispatcher and a worker may ask each other over their link (dispatcher/link.ts). */
import type { ControlError } from '../control/protocol.ts'
import type { QueueMethod } from '../control/queue-handlers.ts'
import type { Report } from '../control/report.ts'
import type { Pingable, WorkerProcess } from '../dispatcher/worker-process.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { TraceRecord } from '../policy/trace.ts'
import type { LeaseAnswer } from '../queue/schedule/lease-owner.ts'
import type { Sign } from '../queue/schedule/slots.ts'
import type { CounterCalls } from '../state/counters.ts'
import type { CameAgain } from '../state/kept-places.ts'
import type { PlaceAnswer } from '../state/place-owner.ts'
import type { Suspicions } from './suspects.ts'

interface Destination {
  readonly channel: ChannelName
  readonly key: string
}

/** A worker, as the dispatcher has it. */
export type Worker = WorkerProcess<ToWorker>

/** What must be one across workers: a worker asks, the dispatcher owns. */
export interface ToDispatcher {
  readonly 'slot.claim': { readonly params: { readonly address: string }; readonly result: PlaceAnswer }
  readonly 'slot.release': { readonly params: readonly number[]; readonly result: undefined }
  readonly 'slot.cameAgain': { readonly params: readonly CameAgain[]; readonly result: undefined }
  readonly 'lease.claim': { readonly params: Destination; readonly result: LeaseAnswer }
  readonly 'lease.answered': { readonly params: number; readonly result: undefined }
  readonly 'lease.giveBack': {
    readonly params: { readonly lease: number; readonly sign: Sign }
    readonly result: number
  }
  readonly 'lease.reopen': { readonly params: Destination; readonly result: undefined }
  /** A message that was in hand at a crash has come through. */
  readonly cleared: { readonly params: string; readonly result: undefined }
  readonly count: CounterCalls['count']
  /** A record of the history, for whoever follows it. */
  readonly record: { readonly params: TraceRecord; readonly result: undefined }
}

export interface Start {
  readonly index: number
  /** Folder of the saved revision. */
  readonly folder: string
  readonly shards: readonly number[]
  /** Descriptors of the ports, by the name of the listener. */
  readonly ports: Readonly<Record<string, number>>
  /** base64 */
  readonly ticketKeys: string
  readonly follow: boolean
  /** What other workers know of messages that were in hand at a crash. */
  readonly suspicions: Suspicions
}

/** What an operator's request came to. */
export type Answered =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false
      readonly code: ControlError['code']
      readonly message: string
      readonly detail?: string | undefined
    }

export interface ToWorker extends Pingable {
  /** Answered when it serves, with what its shards know of messages that were in hand at a crash. */
  readonly start: { readonly params: Start; readonly result: Suspicions }
  /** Compiles a saved revision; `use` puts it to use. */
  readonly prepare: { readonly params: { readonly folder: string }; readonly result: null }
  readonly use: { readonly params: { readonly folder: string }; readonly result: null }
  /** Answered as `start` is. */
  readonly adopt: { readonly params: { readonly shard: number }; readonly result: Suspicions }
  readonly learn: { readonly params: Suspicions; readonly result: undefined }
  /** One of those came through elsewhere. */
  readonly clear: { readonly params: string; readonly result: undefined }
  /** base64 */
  readonly ticketKeys: { readonly params: string; readonly result: undefined }
  readonly report: { readonly params: null; readonly result: Report }
  readonly metrics: { readonly params: null; readonly result: unknown }
  readonly control: {
    readonly params: { readonly method: QueueMethod; readonly params: unknown }
    readonly result: Answered
  }
  readonly follow: { readonly params: boolean; readonly result: undefined }
  /** Places of this round and earlier ones are not to be kept any more; those that are come back as the answer. */
  readonly recallPlaces: { readonly params: number; readonly result: readonly number[] }
  /** Slots of a destination came free. */
  readonly look: { readonly params: Destination; readonly result: undefined }
  /** This lease is wanted by a worker that has fewer. */
  readonly yield: { readonly params: number; readonly result: undefined }
  /** Answered when everything has ended but the process itself. */
  readonly stop: { readonly params: { readonly deadlineMs: number }; readonly result: Report['ledger'] }
}
