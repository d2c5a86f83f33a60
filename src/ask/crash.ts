// SPDX-License-Identifier: Apache-2.0
/** What is known of an end of the process that nobody asked for, while something was in hand (queue/in-hand.ts). */

/** A run of the server, from its start to its end. */
export interface Run {
  /** Of the machine's start (random(4), boot_id); a crash of the machine is not a crash of the process. */
  readonly boot: string
  readonly pid: number
  /** Wall-clock milliseconds. */
  readonly startedAt: number
  readonly version: string
}

export interface Crash {
  /** Wall-clock milliseconds at which the next process found it. */
  readonly at: number
  /** When work on what was in hand had begun. */
  readonly begunAt: number
  /** What was being done, where that is known. */
  readonly stage?: string
  /** The process that died. */
  readonly run: Run
}
