// SPDX-License-Identifier: Apache-2.0
/** How the machine is doing, as the guards of disk and load see it (monitor/): the answer to `pressure`. */

/** What a file system has left of one thing. */
export interface Left {
  readonly free: number
  /** What is to stay free. */
  readonly keep: number
  /** Less than `keep` is free, or was and not yet clearly more is. */
  readonly low: boolean
}

export const LOAD_LEVELS = ['fine', 'busy', 'full'] as const
export type LoadLevel = (typeof LOAD_LEVELS)[number]

/** How well a client is known: mail of it was accepted lately; mail of its network was; neither. */
export type Standing = 'good' | 'near' | 'unknown'

export interface Pressure {
  /** Of the spool's file system; absent where the system could not tell, or does not count them. */
  readonly bytes?: Left
  readonly inodes?: Left
  readonly load: {
    readonly level: LoadLevel
    /** What it is full of. */
    readonly cause: 'event loop' | 'memory'
    /** One sentence for the trace. */
    readonly detail: string
  }
  /** Of the client asked about. */
  readonly client: Standing
}

/** A machine with room for everything. */
export const NO_PRESSURE: Pressure = {
  load: { level: 'fine', cause: 'event loop', detail: 'not measured' },
  client: 'unknown',
}
