// SPDX-License-Identifier: Apache-2.0
/**
 * Counts that have to be one across workers, and across machines where Redis holds them (design 2.5): throttles,
 * MeterMaid tables and greylists of spec access-control.md 7.2 and 7.3. The owner knows no configuration: each request
 * brings the shape of its table. What a request does is in counter-rules.ts; embedded-counters.ts and
 * redis-counters.ts keep the entries, linked-counters.ts asks the process that does.
 */
import type { Lookup } from '../ask/lookup.ts'

/** A table of counts or values. */
export interface CounterTable {
  readonly name: string
  /** Calls of a key within the window that are not over. */
  readonly quota: number
  /** Runs from the key's first call; then the key is forgotten. 0: never. */
  readonly windowMs: number
  /** When the window ends, `quota` is taken off the count instead of forgetting it. */
  readonly penalize: boolean
  /** With one more, the key that was not used for longest is dropped. */
  readonly maxEntries: number
  /** What passed is on disk before the answer: a crash forgets nothing of it. */
  readonly kept?: true
}

/** Who was seen when: refused until `blockMs` have passed, accepted if it comes again within `resubmitMs`. */
export interface GreylistTable {
  readonly name: string
  readonly blockMs: number
  readonly resubmitMs: number
  /** One that passed is remembered until it has been away for so long. */
  readonly inactivityMs: number
  readonly maxEntries: number
}

/** What was seen, and what is being seen to by somebody now (RFC 7352). */
export interface MemoryTable {
  readonly name: string
  readonly maxEntries: number
  /** As of a CounterTable. */
  readonly kept?: true
}

export type CounterRequest =
  /** Counts one more call: `over` or `under` the quota. `query` says the same without counting. */
  | { readonly do: 'throttle' | 'query'; readonly table: CounterTable; readonly key: string }
  /** The number after `by` was added; a key that is not there counts as 0. `absent`: it holds no whole number. */
  | { readonly do: 'adjust'; readonly table: CounterTable; readonly key: string; readonly by: number }
  /** The value, `absent` where there is none. */
  | { readonly do: 'fetch' | 'remove'; readonly table: CounterTable; readonly key: string }
  /** Begins a window of its own. */
  | { readonly do: 'store'; readonly table: CounterTable; readonly key: string; readonly value: string }
  /** `refuse` for now, or `pass`. */
  | { readonly do: 'greylist'; readonly table: GreylistTable; readonly key: string }
  /**
   * Is it `known`? Or `busy`: somebody else has claimed it and is not done. Else it is `free`, and `by` has it from now
   * on, for so long; who has it may claim it again.
   */
  | {
      readonly do: 'claim'
      readonly table: MemoryTable
      readonly key: string
      readonly by: string
      readonly forMs: number
    }
  /** Known from now on, for so long, whoever has claimed it. */
  | { readonly do: 'know'; readonly table: MemoryTable; readonly key: string; readonly forMs: number }
  /** `by` gives up what it has claimed; what is known, or claimed by somebody else, stays. */
  | { readonly do: 'unclaim'; readonly table: MemoryTable; readonly key: string; readonly by: string }

/** `defer`: whoever keeps the counts cannot be reached; whether this request counted is not known. */
export type CounterAnswer = Lookup<string>

export interface Counters {
  /** Atomic among all askers. Never rejects. */
  count(request: CounterRequest): CounterAnswer | Promise<CounterAnswer>
}

/** Counters that this process keeps, or is connected to. */
export interface OpenCounters extends Counters, AsyncDisposable {
  /** How they stand, for `/health`; absent where another process says so. */
  readonly check?: () => { readonly name: 'counts'; readonly ok: boolean; readonly detail: string }
}

/** What a worker asks of the dispatcher, by the name of the call (serve/calls.ts). */
export interface CounterCalls {
  readonly count: { readonly params: CounterRequest; readonly result: CounterAnswer }
}

/** Octets of keys and values that are kept as they are; a stranger chooses many of them. */
export const MAX_KEY = 256
export const MAX_VALUE = 1024
/** Whole numbers stay within this, so that every keeper can hold them exactly. */
export const MAX_NUMBER = 1e15
