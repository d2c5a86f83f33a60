// SPDX-License-Identifier: Apache-2.0
/**
 * Poison: a message that crashes the process again and again, while received or while delivered (design 2.5). How it is
 * named while in hand, and how the evidence reads.
 */
import { hash } from 'node:crypto'
import type { ReversePath } from '../address/address.ts'
import type { Crash } from '../ask/crash.ts'
import type { MessageId } from '../envelope/message-id.ts'

/** Crashes after which something is set aside instead of being tried once more. */
export const CRASHES_TO_HOLD = 3

/** A message being delivered. */
export const deliveryKey = (id: MessageId): string => `delivery ${id}`

/** How every key of a reception begins. */
export const RECEPTION = 'reception '

/** What is known of a message before its content is. */
export interface BeforeContent {
  readonly clientAddress: string
  readonly reversePath: ReversePath
  /** As typed. */
  readonly recipients: readonly string[]
  /** RFC 1870; 0 when none was declared. */
  readonly declaredSize: number
}

/**
 * The same for each time a sender tries the same message, as far as that can be told before its content: senders keep
 * address, envelope and declared size from one attempt to the next. Which recipient came first does not matter.
 */
export function receptionKey({ clientAddress, reversePath, recipients, declaredSize }: BeforeContent): string {
  const known = JSON.stringify([clientAddress, reversePath, [...recipients].sort(), declaredSize])
  return `${RECEPTION}${hash('sha256', known).slice(0, 32)}`
}

/** One line for a hold's reason and a trace: how often, when, in which process, at what. */
export function evidence(crashes: readonly Pick<Crash, 'at' | 'stage' | 'run'>[]): string {
  const each = crashes.slice(-MAX_TOLD).map(({ at, stage, run }) => {
    const doing = stage === undefined ? '' : ` while ${stage}`
    return `${timeText(at)} (pid ${run.pid}, version ${run.version}${doing})`
  })
  return `the process crashed ${crashes.length} times while this was in hand: ${each.join(', ')}`
}

const MAX_TOLD = 3

const timeText = (at: number): string => {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? 'at an unknown time' : `${date.toISOString().slice(0, 19)}Z`
}
