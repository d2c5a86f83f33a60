// SPDX-License-Identifier: Apache-2.0
/** What operators see of the queue and do to it. A selection picks recipients, not whole messages. */
import { domainOf } from '../address/address.ts'
import type { LedgerEvent, RecipientState } from '../envelope/ledger.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { QueueRunner } from './runner.ts'
import type { QueuedMessage, QueueStore } from './store.ts'

/** All given conditions must hold; none at all selects nothing unless `all`. */
export interface QueueSelection {
  readonly all?: true | undefined
  readonly ids?: readonly MessageId[] | undefined
  readonly channel?: string | undefined
  readonly domain?: string | undefined
  readonly recipient?: string | undefined
  readonly sender?: string | undefined
  readonly state?: 'queued' | 'held' | undefined
  readonly reason?: string | undefined
}

export const reasonOf = ({ last }: RecipientState): string | undefined =>
  last !== undefined && 'reason' in last ? last.reason : undefined

export async function* select(
  store: QueueStore,
  selection: QueueSelection,
): AsyncGenerator<{ readonly message: QueuedMessage; readonly states: readonly RecipientState[] }> {
  const { all: _, ...conditions } = selection
  if (selection.all !== true && Object.values(conditions).every((value) => value === undefined)) return
  const messages = selection.ids === undefined ? store.messages() : named(store, selection.ids)
  for await (const message of messages) {
    const states = [...message.recipients.values()].filter((state) => fits(message, state, selection))
    if (states.length > 0) yield { message, states }
  }
}

async function* named(store: QueueStore, ids: readonly MessageId[]): AsyncGenerator<QueuedMessage> {
  for (const id of ids) {
    const message = await store.get(id)
    if (message !== undefined) yield message
  }
}

function fits(
  { envelope }: QueuedMessage,
  state: RecipientState,
  { channel, domain, recipient, sender, state: wanted, reason }: QueueSelection,
): boolean {
  if (state.state !== 'queued' && state.state !== 'held') return false
  const { address } = state.recipient
  return (
    (wanted === undefined || state.state === wanted) &&
    (channel === undefined || state.recipient.channel === channel) &&
    (domain === undefined || domainOf(address) === domain.toLowerCase()) &&
    (recipient === undefined || address.toLowerCase() === recipient.toLowerCase()) &&
    (sender === undefined || (envelope.reversePath ?? '').toLowerCase() === sender.toLowerCase()) &&
    (reason === undefined || (reasonOf(state) ?? '').includes(reason))
  )
}

/** One line a recipient. */
export async function listQueue(store: QueueStore, selection: QueueSelection, limit: number) {
  const rows = []
  for await (const { message, states } of select(store, selection))
    for (const state of states) {
      if (rows.length >= limit) return { rows, more: true }
      rows.push(rowOf(message, state))
    }
  return { rows, more: false }
}

function rowOf({ envelope }: QueuedMessage, state: RecipientState) {
  const reason = reasonOf(state)
  return {
    id: envelope.id,
    sender: envelope.reversePath ?? '',
    recipient: state.recipient.address,
    channel: state.recipient.channel,
    state: state.state === 'held' ? ('held' as const) : ('queued' as const),
    size: envelope.size,
    receivedAt: envelope.receivedAt,
    attempts: state.attempts,
    ...(state.nextAt === undefined ? {} : { nextAt: state.nextAt }),
    ...(reason === undefined ? (envelope.hold === undefined ? {} : { reason: envelope.hold.reason }) : { reason }),
  }
}

/** What waits for the same reason at the same destination, largest first. */
export async function shapeQueue(store: QueueStore) {
  const groups = new Map<string, ReturnType<typeof groupOf>>()
  for await (const { message, states } of select(store, { all: true }))
    for (const state of states) {
      const row = rowOf(message, state)
      const domain = domainOf(state.recipient.address)
      const key = JSON.stringify([row.channel, domain, row.state, row.reason ?? ''])
      const before = groups.get(key)
      groups.set(key, before === undefined ? groupOf(row, domain) : joined(before, row))
    }
  return { groups: [...groups.values()].sort((a, b) => b.recipients - a.recipients) }
}

type Row = ReturnType<typeof rowOf>

const groupOf = (row: Row, domain: string) => ({
  channel: row.channel as string,
  domain: domain as string,
  state: row.state,
  reason: row.reason ?? '',
  recipients: 1,
  oldestAt: row.receivedAt,
  ...(row.nextAt === undefined ? {} : { nextAt: row.nextAt }),
})

function joined(group: ReturnType<typeof groupOf>, row: Row): ReturnType<typeof groupOf> {
  const nextAt = Math.min(group.nextAt ?? Number.POSITIVE_INFINITY, row.nextAt ?? Number.POSITIVE_INFINITY)
  const oldestAt = Math.min(group.oldestAt, row.receivedAt)
  return { ...group, recipients: group.recipients + 1, oldestAt, ...(Number.isFinite(nextAt) ? { nextAt } : {}) }
}

/** Octets of content shown to an operator. */
const MAX_SHOWN = 64 * 1024

export async function showMessage(store: QueueStore, id: MessageId, withContent: boolean) {
  const message = await store.get(id)
  if (message === undefined) return undefined
  const shown = { envelope: message.envelope, recipients: [...message.recipients.values()] }
  if (!withContent) return { message: shown }
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of store.content(id)) {
    pieces.push(Buffer.from(piece))
    length += piece.length
    if (length > MAX_SHOWN) break
  }
  return {
    message: shown,
    content: Buffer.concat(pieces).toString('utf8', 0, MAX_SHOWN),
    truncated: length > MAX_SHOWN,
  }
}

/** What is recorded of each selected recipient; `undefined` leaves it alone. */
interface Change {
  readonly make: (state: RecipientState) => LedgerEvent
  readonly only?: 'queued' | 'held'
  /** It ends them: an attempt under way is ended first, so that what it came to counts. */
  readonly ends?: true
  /** They are to be tried now, even where their destination is down. */
  readonly reopen?: boolean
}

export interface Operations {
  retry(selection: QueueSelection): Promise<{ readonly recipients: number }>
  hold(selection: QueueSelection, reason: string): Promise<{ readonly recipients: number }>
  release(selection: QueueSelection): Promise<{ readonly recipients: number }>
  bounce(selection: QueueSelection, reason: string): Promise<{ readonly recipients: number }>
  delete(selection: QueueSelection, reason: string): Promise<{ readonly recipients: number }>
  reroute(selection: QueueSelection, channel: string, via?: string): Promise<{ readonly recipients: number }>
}

export function queueOperations(store: QueueStore, runner: QueueRunner, now: () => number): Operations {
  const base = ({ recipient }: RecipientState) => ({ recipient: recipient.index, at: now() })

  /** Recipients selected now, by message; the messages themselves are not kept. */
  async function selected(selection: QueueSelection): Promise<ReadonlyMap<MessageId, readonly number[]>> {
    const found = new Map<MessageId, readonly number[]>()
    for await (const { message, states } of select(store, selection))
      found.set(message.envelope.id, states.map(indexOf))
    return found
  }

  async function change(
    selection: QueueSelection,
    { make, only, ends, reopen = false }: Change,
  ): Promise<{ readonly recipients: number }> {
    let recipients = 0
    for (const [id, indexes] of await selected(selection)) {
      const record = async (): Promise<void> => {
        // Looked at again: it may have been delivered while others had their turn.
        const message = await store.get(id)
        if (message === undefined) return
        const states = [...message.recipients.values()].filter(
          (state) => fits(message, state, selection) && (only === undefined || state.state === only),
        )
        if (states.length === 0) return
        await store.record(id, states.map(make))
        recipients += states.length
        runner.changed(id, states.map(indexOf), { reopen })
      }
      await (ends === true ? runner.alone(id, indexes, record) : runner.inTurn(id, record))
    }
    return { recipients }
  }

  return {
    retry: (selection) =>
      change(selection, { make: (state) => ({ ...base(state), event: 'released' }), only: 'queued', reopen: true }),
    hold: (selection, reason) =>
      change(selection, { make: (state) => ({ ...base(state), event: 'held', reason }), only: 'queued' }),
    release: (selection) =>
      change(selection, { make: (state) => ({ ...base(state), event: 'released' }), only: 'held', reopen: true }),
    delete: (selection, reason) =>
      change(selection, {
        make: (state) => ({ ...base(state), event: 'discarded', rule: `operator: ${reason}` }),
        ends: true,
      }),
    reroute: (selection, channel, via) =>
      change(selection, {
        make: (state) => ({ ...base(state), event: 'rerouted', channel, ...(via === undefined ? {} : { via }) }),
        reopen: true,
      }),
    async bounce(selection, reason) {
      let recipients = 0
      for (const [id, indexes] of await selected(selection)) recipients += await runner.bounce(id, indexes, reason)
      return { recipients }
    },
  }
}

const indexOf = ({ recipient }: RecipientState): number => recipient.index
