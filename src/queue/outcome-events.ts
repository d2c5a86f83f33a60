// SPDX-License-Identifier: Apache-2.0
/** From what an attempt came to, to what is recorded of it and what the sender may be told. Pure. */
import type { Config } from '../config/schema.ts'
import type { Recipient } from '../envelope/envelope.ts'
import { describeFilterPlace } from '../envelope/filtered.ts'
import type { LedgerEvent, RecipientState } from '../envelope/ledger.ts'
import type { Outcome, RemoteAnswer } from '../envelope/outcome.ts'
import type { NoticeOrder } from './notice.ts'
import { lifetimeMs, retryDelayMs } from './timing.ts'

type NoticeEntry = NoticeOrder['entries'][number]

export interface Settled {
  readonly recipient: Recipient
  /** As traces and metrics name it. */
  readonly result: Outcome['kind'] | 'redirected'
  readonly status?: string
  readonly detail: string
  readonly event: LedgerEvent
  readonly remote?: RemoteAnswer
  /** What a notification would say; whether one is due is decided by dsn/parameters.ts. */
  readonly notice?: NoticeEntry
  /** A delay that has not been told yet. */
  readonly tellDelay: boolean
  /** Milliseconds until the next attempt. */
  readonly retryInMs?: number
  /** Its time was over. */
  readonly expired?: true
}

interface Input {
  readonly recipient: Recipient
  readonly state: RecipientState
  readonly outcome: Outcome
  /** Wall-clock milliseconds, for stamps. */
  readonly now: number
  /** Milliseconds since the message came, by a clock that does not jump. */
  readonly ageMs: number
  readonly queue: Config['queue']
  readonly nullSender: boolean
  /** 0 ≤ x < 1: what was tried together comes back together. */
  readonly drawn: number
  /** First free recipient index. */
  readonly nextIndex: number
  /** What the sender may be told of an expansion. */
  readonly expansion: 'expanded' | 'delivered' | undefined
}

export function eventsOf(input: Input): Settled {
  const { recipient, state, outcome, now, ageMs, queue, nullSender, drawn } = input
  // What most messages come to.
  if (outcome.kind === 'relayed') return relayed(outcome, recipient, now)
  const base = { recipient: recipient.index, at: now }
  const remote = 'remote' in outcome && outcome.remote !== undefined ? { remote: outcome.remote } : {}
  const common = { recipient, ...remote, tellDelay: false }
  const entry = (action: NoticeEntry['action'], status: string, reason?: string): NoticeEntry => ({
    recipient,
    action,
    status,
    lastAttemptMs: now,
    ...(reason === undefined ? {} : { reason }),
    ...remote,
  })
  switch (outcome.kind) {
    case 'delivered':
      return {
        ...common,
        result: 'delivered',
        detail: outcome.where,
        event: { ...base, ...remote, event: 'delivered', where: outcome.where },
        notice: entry('delivered', '2.0.0'),
      }
    case 'failed': {
      const { status, reason } = outcome
      return {
        ...common,
        result: 'failed',
        status,
        detail: reason,
        event: { ...base, ...remote, event: 'bounced', status, reason },
        ...(outcome.told === true ? {} : { notice: entry('failed', status, reason) }),
      }
    }
    case 'deferred': {
      const leftMs = lifetimeMs(queue, nullSender) - ageMs
      if (leftMs <= 0) {
        const reason = `not delivered in time; the last attempt: ${outcome.reason}`
        return {
          ...common,
          result: 'failed',
          status: '4.4.7',
          detail: reason,
          event: { ...base, ...remote, event: 'bounced', status: '4.4.7', reason },
          notice: entry('failed', '4.4.7', reason),
          expired: true,
        }
      }
      const { status, reason, left } = outcome
      const retryInMs = Math.min(
        retryDelayMs(queue, state.attempts + 1, () => drawn),
        leftMs,
      )
      const nextAt = now + retryInMs
      const tellDelay = !state.delayNotified && queue.delayNotice > 0 && queue.delayNotice <= ageMs
      const notice = { ...entry('delayed', status, reason), willRetryUntilMs: now + leftMs }
      return {
        ...common,
        result: 'deferred',
        status,
        detail: reason,
        event: { ...base, ...remote, event: 'deferred', status, reason, nextAt, ...(left && { left }) },
        notice,
        tellDelay,
        retryInMs,
      }
    }
    case 'held':
      return {
        ...common,
        result: 'held',
        detail: outcome.reason,
        event: { ...base, event: 'held', reason: outcome.reason },
      }
    case 'discarded':
      return {
        ...common,
        result: 'discarded',
        detail: outcome.rule,
        event: { ...base, event: 'discarded', rule: outcome.rule },
      }
    case 'expanded': {
      const { also } = outcome
      const into = outcome.into.map((member, i) => ({ ...member, index: input.nextIndex + i, parent: recipient.index }))
      const result = into.length > 0 && into.every(({ copy }) => copy?.redirected === true) ? 'redirected' : 'expanded'
      const notice = input.expansion === undefined ? {} : { notice: entry(input.expansion, '2.0.0') }
      const event: LedgerEvent = { ...base, event: result, into, ...(also && { also }) }
      return { ...common, result, detail: describeMembers(into, also), event, ...notice }
    }
    case 'duplicate': {
      const { of, where } = outcome
      const notice = input.expansion === undefined ? {} : { notice: entry(input.expansion, '2.0.0') }
      const detail = `${where}: a recipient already`
      return { ...common, result: 'duplicate', detail, event: { ...base, event: 'duplicate', of }, ...notice }
    }
    default:
      return outcome satisfies never
  }
}

function relayed(outcome: Extract<Outcome, { kind: 'relayed' }>, recipient: Recipient, now: number): Settled {
  const { remote, dsn, tls } = outcome
  let detail = remote.mta ?? ''
  for (const text of [remote.address, remote.reply, tls])
    if (text !== undefined) detail = detail === '' ? text : `${detail} ${text}`
  const event: LedgerEvent = { recipient: recipient.index, at: now, event: 'relayed', remote, dsn }
  const settled: Settled = { recipient, remote, tellDelay: false, result: 'relayed', detail, event }
  if (dsn) return settled
  return { ...settled, notice: { recipient, action: 'relayed', status: '2.0.0', lastAttemptMs: now, remote } }
}

/** Where each copy goes, and the line of a filter that made it. */
function describeMembers(into: readonly Recipient[], also: readonly number[] = []): string {
  const members = into.map(({ address, channel, copy }) => {
    const mailbox = copy?.mailbox === undefined ? '' : ` ${JSON.stringify(copy.mailbox)}`
    const by = copy?.by === undefined ? '' : ` by the ${describeFilterPlace(copy.by)}`
    return `${address} [${channel}]${mailbox}${by}`
  })
  return [...members, ...(also.length === 0 ? [] : [`${also.length} more who are recipients already`])].join(', ')
}
