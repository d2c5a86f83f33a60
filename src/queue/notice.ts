// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a delivery status notification about a queued message and queues it: RFC 3461 §6, RFC 3464. One notice for
 * all recipients of a message with the same kind of news. How it reads is dsn/compose.ts, whether one is due is
 * dsn/parameters.ts; when to make one is the scheduler's matter.
 */
import type { MailAddress, ReversePath } from '../address/address.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import { composeNotice } from '../dsn/compose.ts'
import type { NoticeKind, NoticeRecipient } from '../dsn/notice-input.ts'
import { type NoticeCause, noticeDue } from '../dsn/parameters.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { createIds, MessageId } from '../envelope/message-id.ts'
import { applyEdits, editedSize } from '../mime/apply-edits.ts'
import { isEightBit } from '../mime/eight-bit.ts'
import { fieldsOf, readHeader } from '../mime/header-text.ts'
import { type Log, silentLog } from '../monitor/log.ts'
import type { Placement } from '../policy/own-mail.ts'
import type { TraceSink } from '../policy/trace.ts'
import { safeLines } from '../smtp/safe-lines.ts'
import type { Budget } from './budget.ts'
import { askedAgain, queueOwnMessage } from './own-message.ts'
import type { QueuedMessage, QueueStore } from './store.ts'

/**
 * The news about one recipient: what compose.ts tells of it, and the recipient itself. `relayed` only where the next
 * system did not take over the DSN request (RFC 3461 §5.2.2).
 */
export type NoticeEntry = Omit<NoticeRecipient, 'address' | 'given' | 'orcpt'> & { readonly recipient: Recipient }

export interface NoticeOrder {
  readonly about: QueuedMessage
  readonly kind: NoticeKind
  /** Entries for which nothing is due (dsn/parameters.ts) are left out. */
  readonly entries: readonly NoticeEntry[]
  readonly store: QueueStore
  /** Where the sender's address leads: placeOwnMail, driven. */
  readonly place: (address: MailAddress) => Promise<Placement>
  readonly revision: Revision
  readonly clock: Clock
  readonly ids: ReturnType<typeof createIds>
  /** Octets nobody can foretell, as node:crypto's randomBytes. */
  readonly random: (octets: number) => Uint8Array
  readonly traces: TraceSink
  /** Absent: every notice is made. */
  readonly budget?: Budget
  readonly log?: Log
}

/** Largest header returned; a larger one is cut at a line. RFC 3461 §4.3 asks for the header, a reader for less. */
export const MAX_RETURNED_HEADER = 64 * 1024

const CAUSE: Record<NoticeRecipient['action'], NoticeCause> = {
  failed: 'failure',
  delayed: 'delay',
  delivered: 'delivered',
  relayed: 'relayed-without-dsn',
  expanded: 'expanded',
}

/** Whether the sender is to hear of it. */
export const isDue = ({ recipient, action }: NoticeEntry, reversePath: ReversePath): boolean =>
  noticeDue(recipient, reversePath, CAUSE[action])

/**
 * Makes and queues the notice. Its id; `undefined` when none is due, when the budget is used up, or when the sender's
 * address leads nowhere (which is logged here; the caller records that nobody was told).
 * Rejects when the store will not take it: then nothing was kept, and the news is still to be told.
 */
export async function makeNotice(order: NoticeOrder): Promise<MessageId | undefined> {
  const { about, kind, store, revision, clock, ids, random, log = silentLog } = order
  const { envelope: original } = about
  const to = original.reversePath
  const entries = order.entries.filter((entry) => isDue(entry, to))
  if (to === null || entries.length === 0) return undefined

  const placement = await order.place(to)
  const { problem } = placement
  if (problem !== undefined && !problem.temporary) {
    log.warn('notice.nowhere', { about: original.id, kind, to, status: problem.status, reason: problem.reason })
    return undefined
  }
  const places = problem === undefined ? placement.recipients : [askedAgain(to)]
  if (places.length === 0) {
    log.warn('notice.nowhere', { about: original.id, kind, to, reason: 'the address leads to no recipient' })
    return undefined
  }

  if (order.budget !== undefined && (await order.budget({ why: kind, about: original.id, to: [to] })).length === 0)
    return undefined
  const { hostname } = revision.config.server
  const size = editedSize(original.size, original.edits)
  // It goes wherever the sender is: over DATA too, whatever brought it here.
  const content = () => safeLines(applyEdits(store.content(original.id), original.edits))
  const header = await readHeader(content(), MAX_RETURNED_HEADER)
  // RFC 3461 §4.3; a filter that sent the message on may have said so for its recipient (RFC 6009 §4).
  const headers = entries.every(({ recipient }) => (recipient.copy?.ret ?? original.ret) === 'hdrs')
  const whole = kind === 'failure' && !headers && size <= revision.config.queue.noticeContent
  const id = ids.message()
  const now = clock.now()
  const shown = shownOf(header)
  const notice = composeNotice({
    kind,
    id,
    to,
    hostname,
    dateMs: now,
    boundary: Buffer.from(random(18)).toString('hex'),
    original: {
      id: original.id,
      arrivedMs: original.receivedAt,
      smtputf8: original.smtputf8,
      eightBit: isEightBit(header) || (whole && original.body === '8bit'),
      returned: whole ? 'full' : 'headers',
      ...(original.envid === undefined ? {} : { envid: original.envid }),
      ...shown,
    },
    recipients: entries.map(({ recipient, ...news }) => ({
      ...news,
      address: recipient.address,
      given: recipient.given,
      ...(recipient.orcpt === undefined ? {} : { orcpt: recipient.orcpt }),
    })),
  })

  async function* octets(): AsyncIterable<Uint8Array> {
    yield Buffer.from(notice.before)
    if (notice.original === 'headers') yield header
    else yield* content()
    yield Buffer.from(notice.after)
  }
  await queueOwnMessage(
    {
      id,
      receivedAt: now,
      smtputf8: notice.smtputf8,
      body: notice.eightBit ? '8bit' : '7bit',
      content: octets(),
      recipients: places,
      birth: { why: kind, about: original.id, to: places, steps: placement.steps },
    },
    order,
  )
  return id
}

/** What a notice repeats of the original's header, so that its author knows which message is meant. */
function shownOf(header: Buffer): { readonly subject?: string; readonly messageId?: string } {
  let shown: { subject?: string; messageId?: string } = {}
  for (const { name, value } of fieldsOf(header)) {
    const lower = name.toLowerCase()
    if (lower === 'subject') shown = { subject: value, ...shown }
    if (lower === 'message-id') shown = { messageId: value, ...shown }
  }
  return shown
}
