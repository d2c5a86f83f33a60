// SPDX-License-Identifier: Apache-2.0
/**
 * Conservation (design 2.9): every accepted (message, recipient) ends in exactly one of the terminal states, or is
 * still queued. The queue appends these events; everything that is known of a recipient is the fold over them.
 */
import type { Recipient } from './envelope.ts'
import type { Filtered } from './filtered.ts'
import type { RemoteAnswer } from './outcome.ts'

/** One durable record about one recipient. `at` is wall-clock milliseconds. */
export type LedgerEvent = { readonly recipient: number; readonly at: number } & (
  | {
      readonly event: 'deferred'
      readonly status: string
      readonly reason: string
      /** Wall-clock milliseconds of the next attempt. */
      readonly nextAt: number
      readonly remote?: RemoteAnswer
      /** What is left to be done of what filters decided; absent: all that was. */
      readonly left?: Filtered
    }
  /** A delay notification went out; at most one a recipient. */
  | { readonly event: 'delayNotified' }
  | { readonly event: 'held'; readonly reason: string }
  | { readonly event: 'released' }
  /** An operator moved it: another channel or next hop. */
  | { readonly event: 'rerouted'; readonly channel: string; readonly via?: string }
  | { readonly event: 'delivered'; readonly where: string; readonly remote?: RemoteAnswer }
  | { readonly event: 'relayed'; readonly remote: RemoteAnswer; readonly dsn: boolean }
  /** `notice`: the id of the notification, absent when none was due (null sender, NOTIFY without FAILURE). */
  | {
      readonly event: 'bounced'
      readonly status: string
      readonly reason: string
      readonly notice?: string
      readonly remote?: RemoteAnswer
    }
  | { readonly event: 'discarded'; readonly rule: string }
  /**
   * Replaced by new recipients of the same message; `redirected`: all of them are where a filter sends it on to. `also`:
   * recipients there were already, which it stands for too.
   */
  | {
      readonly event: 'expanded' | 'redirected'
      readonly into: readonly Recipient[]
      readonly also?: readonly number[]
    }
  /** Whoever it stands for is a recipient already: these. */
  | { readonly event: 'duplicate'; readonly of: readonly number[] }
)

export const TERMINAL = ['delivered', 'relayed', 'bounced', 'discarded', 'expanded', 'redirected', 'duplicate'] as const
export type Terminal = (typeof TERMINAL)[number]

/** What is known of one recipient now. */
export interface RecipientState {
  readonly recipient: Recipient
  readonly state: 'queued' | 'held' | Terminal
  readonly attempts: number
  /** When the next attempt is due; `undefined` unless queued. */
  readonly nextAt?: number
  readonly delayNotified: boolean
  /** The last thing that happened, for people and notifications. */
  readonly last?: LedgerEvent
}

export const isTerminal = (state: RecipientState['state']): state is Terminal =>
  (TERMINAL as readonly string[]).includes(state)

/** The recipients that stand for this one: those it became, and those that had the message already. */
export function leadsTo({ last }: RecipientState): readonly number[] {
  switch (last?.event) {
    case 'expanded':
    case 'redirected':
      return [...last.into.map(({ index }) => index), ...(last.also ?? [])]
    case 'duplicate':
      return last.of
    default:
      return []
  }
}

/** The state of a recipient that was just accepted. */
export const accepted = (recipient: Recipient, at: number, held: boolean): RecipientState =>
  held
    ? { recipient, state: 'held', attempts: 0, delayNotified: false }
    : { recipient, state: 'queued', attempts: 0, delayNotified: false, nextAt: at }

/** A ledger event that the rules of conservation forbid: a terminal recipient changed, or one that is not there. */
export class LedgerViolation extends Error {
  override readonly name = 'LedgerViolation'
}

/** What its filters wanted held is held, and that is done for good: let go, it is not held for the same reason again. */
function heldFor(recipient: Recipient, reason: string): Recipient {
  if (recipient.filtered?.held?.reason !== reason) return recipient
  const { held: _, ...filtered } = recipient.filtered
  return { ...recipient, filtered }
}

function untimed({ nextAt: _, ...state }: RecipientState): Omit<RecipientState, 'nextAt'> {
  return state
}

/**
 * Applies one event to the states of a message, by recipient index. Returns the changed entries (the recipient, and
 * those it was expanded into).
 * @throws LedgerViolation when the recipient is unknown or already terminal, or an index is used twice
 */
export function applyEvent(states: ReadonlyMap<number, RecipientState>, event: LedgerEvent): RecipientState[] {
  const before = states.get(event.recipient)
  if (before === undefined) throw new LedgerViolation(`no recipient ${event.recipient} for event ${event.event}`)
  if (isTerminal(before.state))
    throw new LedgerViolation(`recipient ${event.recipient} is ${before.state} and cannot become ${event.event}`)
  switch (event.event) {
    case 'deferred': {
      const { left, ...last } = event
      const recipient = left === undefined ? before.recipient : { ...before.recipient, filtered: left }
      return [{ ...before, recipient, state: 'queued', attempts: before.attempts + 1, nextAt: event.nextAt, last }]
    }
    case 'delayNotified':
      return [{ ...before, delayNotified: true }]
    case 'held':
      return [{ ...untimed(before), recipient: heldFor(before.recipient, event.reason), state: 'held', last: event }]
    case 'released': {
      // A state that an older version wrote down when it was held still asks for it.
      const { recipient, last } = before
      const letGo = last?.event === 'held' ? heldFor(recipient, last.reason) : recipient
      return [{ ...before, recipient: letGo, state: 'queued', nextAt: event.at, last: event }]
    }
    case 'rerouted': {
      const { via: _via, ...recipient } = before.recipient
      const moved = { ...recipient, channel: event.channel as Recipient['channel'] }
      return [{ ...before, recipient: event.via === undefined ? moved : { ...moved, via: event.via }, last: event }]
    }
    case 'expanded':
    case 'redirected': {
      const members = event.into.map((member) => {
        if (states.has(member.index)) throw new LedgerViolation(`recipient index ${member.index} is already used`)
        return accepted(member, event.at, false)
      })
      return [{ ...untimed(before), state: event.event, last: event }, ...members]
    }
    case 'delivered':
    case 'relayed':
    case 'bounced':
    case 'discarded':
    case 'duplicate': {
      const { recipient, attempts, delayNotified } = before
      return [{ recipient, state: event.event, attempts: attempts + 1, delayNotified, last: event }]
    }
    default:
      return event satisfies never
  }
}
