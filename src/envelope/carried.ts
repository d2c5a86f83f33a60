// SPDX-License-Identifier: Apache-2.0
/**
 * What rows of the access tables asked for that comes to pass later (spec access-control.md 3): in the dialogue, at the
 * end of the content, or after the queue. Plain data.
 */
import type { MailAddress } from '../address/address.ts'

/** What goes with the message into the queue, for stages and channels that come after it. */
export interface AskedFor {
  /** `$!`: no vacation reply. */
  readonly novacation?: true
  /** `$G` of FROM_ACCESS: conversion tags for all recipients. */
  readonly tags?: readonly string[]
  /** `$T`: tags to prefix. */
  readonly prefixes?: readonly string[]
  /** `$M`: who gets a capture copy. */
  readonly captures?: readonly MailAddress[]
  /** `$,`: arguments of spamadjust, RFC 5235's counterpart of the historical filters. */
  readonly spamadjust?: readonly string[]
  /** `$K`: replaces the address in Sender:. */
  readonly sender?: MailAddress
  /** `$Z`: thrown away for everybody, whatever a filter says. The rule that said so. */
  readonly jettison?: string
}

export interface Carried {
  readonly asked: AskedFor
  /** `$A`: header fields, complete lines with CRLF at their ends, in the order they were asked for. */
  readonly fields: readonly string[]
  /** `$D`, positive: milliseconds before each reply of the transaction. */
  readonly delayMs: number
  /** `$U`: level of debugging; 0 for none. */
  readonly debug: number
}

export const NOTHING_CARRIED: Carried = { asked: {}, fields: [], delayMs: 0, debug: 0 }

/** Rows of one message that add fields, captures and the like; more are not carried, and the trace says so. */
export const MAX_CARRIED = 50
