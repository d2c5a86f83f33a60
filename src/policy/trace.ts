// SPDX-License-Identifier: Apache-2.0
/**
 * One trace for each message, refused transaction and refused connection (design 2.2). The production engine writes
 * it; explain, console, history and replay show it. Plain data, at most 64 KiB, without secrets.
 */
import type { Fact } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { MappingStep } from '../mapping/index.ts'
import type { FilterTrace } from './filters/filter-trace.ts'
import type { Moment } from './moment.ts'

/** One mapping table asked: what with, and which rows had something to say. */
export interface TableTrace {
  readonly table: string
  /** At most 1000 characters, as is the output. */
  readonly probe: string
  /** Input flags. */
  readonly input?: string
  /** A bound was hit: nobody knows. Neither output nor flags are there then. */
  readonly deferred?: string
  readonly matched?: boolean
  /** The last row that matched failed, so its output and flags do not count. */
  readonly failed?: true
  /** Absent where no row matched. */
  readonly output?: string
  readonly flags?: string
  /** Rows that matched, in order, with what each piece of the pattern took; those passed by `$C` too. */
  readonly steps?: readonly MappingStep[]
  readonly stepsDropped?: number
  /** Look-ups that nobody could answer. */
  readonly unanswered?: readonly string[]
  /** What the row said that made no sense. */
  readonly warnings?: readonly string[]
}

/** What one stage made of it. */
export interface Step {
  readonly at: Moment
  /** Name of the stage in stages.ts, or of a delivery step. */
  readonly stage: string
  /** Milliseconds since the trace began. */
  readonly ms: number
  /** The recipient it was about, as typed; several where equal steps were folded. */
  readonly recipients?: readonly string[]
  readonly result: 'pass' | 'change' | 'refuse' | 'defer' | 'hold' | 'discard'
  readonly by: DecidedBy
  /** One sentence for people: `tcp_local → tcp_intranet: 192.0.2.7 is in 192.0.2.0/24`. */
  readonly note?: string
  /** The reply it gave, on one line. */
  readonly reply?: string
  /** Mapping tables it asked; of many the first ones. */
  readonly tables?: readonly TableTrace[]
  /** Filter scripts it ran; of many the first ones, `filtersDropped` more. */
  readonly filters?: readonly FilterTrace[]
  readonly filtersDropped?: number
}

/** What became of one recipient in the dialogue. */
export interface RecipientVerdict {
  /** As typed. */
  readonly given: string
  readonly result: 'accepted' | 'refused' | 'deferred'
  readonly reply: string
  /** Where it goes: `address` and channel, for each recipient it became. */
  readonly becomes?: readonly { readonly address: string; readonly channel: string }[]
}

/** The record of a transaction, or of a connection that ended before one began. */
export interface Trace {
  readonly record: 'trace'
  readonly version: 1
  /** The message's id; for a connection, the session's. */
  readonly id: MessageId | SessionId
  readonly session: SessionId
  /** Wall-clock milliseconds at which the session (connection) or transaction began. */
  readonly at: number
  readonly revision: string
  readonly listener: string
  readonly client: { readonly address: string; readonly port: number }
  readonly server: { readonly address: string; readonly port: number }
  readonly helo?: string
  readonly tls?: string
  readonly login?: string
  readonly source: string
  /** `undefined` when no MAIL FROM came; `''` for the null sender. */
  readonly from?: string
  readonly recipients: readonly RecipientVerdict[]
  readonly size?: number
  /** From the header, decoded, at most 200 characters. */
  readonly subject?: string
  readonly messageIdField?: string
  readonly outcome: 'queued' | 'held' | 'discarded' | 'refused' | 'deferred' | 'abandoned'
  readonly steps: readonly Step[]
  readonly facts: readonly Fact[]
  /** How many steps and facts did not fit. */
  readonly cut?: { readonly steps: number; readonly facts: number }
}

/** One delivery attempt, or an operator's act, about some recipients of a message. */
export interface DeliveryRecord {
  readonly record: 'delivery'
  readonly version: 1
  readonly id: MessageId
  readonly at: number
  /** The revision delivery used. */
  readonly revision: string
  readonly channel: string
  readonly recipients: readonly {
    readonly address: string
    readonly result: string
    readonly status?: string
    readonly detail: string
    readonly nextAt?: number
    /** Where it is another than the record's. */
    readonly by?: DecidedBy
  }[]
  readonly by: DecidedBy
  /** What filters said that were asked in the attempt; of many the first ones. */
  readonly steps?: readonly Step[]
  readonly durationMs: number
  /** A notification made because of it. */
  readonly notice?: MessageId
}

/** A message the MTA made itself. */
export interface BirthRecord {
  readonly record: 'birth'
  readonly version: 1
  readonly id: MessageId
  readonly at: number
  readonly revision: string
  /** A notification about deliveries, or what a filter asked for. */
  readonly why: 'failure' | 'delay' | 'success' | 'vacation' | 'notify' | 'reject' | 'filter report'
  /** The message it tells about. */
  readonly about: MessageId
  readonly from: string
  readonly recipients: readonly { readonly address: string; readonly channel: string }[]
  readonly steps: readonly Step[]
}

/** A message that the MTA did not make, because its budget was used up (queue/budget.ts). */
export interface WithheldRecord {
  readonly record: 'withheld'
  readonly version: 1
  /** The message it would have been about. */
  readonly id: MessageId
  readonly at: number
  readonly revision: string
  readonly why: BirthRecord['why']
  /** Who does not get it. */
  readonly to: readonly string[]
  readonly reason: string
  readonly by: DecidedBy
}

/** Refused connections of one address after the first ten of a minute, summed (design 2.2); or its transactions. */
export interface FloodRecord {
  readonly record: 'flood'
  readonly version: 1
  readonly at: number
  readonly address: string
  /** Transactions that brought no message, after the first hundred of a minute; absent: connections. */
  readonly of?: 'transactions'
  readonly count: number
  readonly reply: string
  readonly by: DecidedBy
}

export type TraceRecord = Trace | DeliveryRecord | BirthRecord | WithheldRecord | FloodRecord

/** Where traces go. Never throws, never waits for the disk; what it must drop it counts. */
export interface TraceSink {
  append(record: TraceRecord): void
}
