// SPDX-License-Identifier: Apache-2.0
/**
 * The messages filters asked for: replies (RFC 5230), notifications (RFC 5436), what `reject` says (RFC 5429), reports of
 * scripts that failed. Each is remembered before it is sent, and all of them have one budget (budget.ts; spec filters.md 9, 10).
 */
import type { MailAddress } from '../../address/address.ts'
import { isAscii, parseAddress } from '../../address/path.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import type { FiledCopy, Filtered, VacationReply } from '../../envelope/filtered.ts'
import { applyEdits, editedSize } from '../../mime/apply-edits.ts'
import { isEightBit } from '../../mime/eight-bit.ts'
import { encodeText } from '../../mime/encoded-word.ts'
import { field, formatDate, formatMessageId } from '../../mime/fields.ts'
import { readHeader } from '../../mime/header-text.ts'
import { encodeQuotedPrintable } from '../../mime/transfer-encoding.ts'
import { sitePostmaster } from '../../policy/find-address.ts'
import type { BirthRecord } from '../../policy/trace.ts'
import { composeNotification, composeVacation, parseMailto, SieveMessage } from '../../sieve/index.ts'
import type { Counters, CounterTable } from '../../state/counters.ts'
import type { Budget } from '../budget.ts'
import { askedAgain, type Place, queueOwnMessage } from '../own-message.ts'
import type { QueuedMessage } from '../store.ts'
import type { NoticeMeans } from '../telling.ts'
import { withOriginal } from './echo.ts'
import { MAX_REMEMBERED, memoryKey, reached } from './memory.ts'
import { rejectionOf } from './rejection.ts'

const HOUR_MS = 3_600_000
/** Spec filters.md 9. */
const REPORT_EVERY_MS = 24 * HOUR_MS
/** Addresses that one notification goes to. */
const MAX_NOTIFIED = 5
const MAX_HEADER = 64 * 1024

export interface SendMeans extends NoticeMeans {
  /** Whose filters ask. */
  readonly recipient: Recipient
  readonly counters: Counters
  readonly budget: Budget
}

/**
 * Periods of replies, hours: one that a script asks for is the next longer one here (RFC 5230 §4.1 lets a site do so).
 * Each is a table of its own, and nobody may make tables without end.
 */
const PERIODS = [1 / 60, 1 / 6, 1, 6, 12, 24, 48, 72, 96, 120, 144, 168, 240, 336, 504, 720, 1440, 2160, 4320, 8760]

const table = (name: string, quota: number, windowMs: number): CounterTable => ({
  name,
  quota,
  windowMs,
  penalize: false,
  maxEntries: MAX_REMEMBERED,
})

/** What the queue or the memory would not take now. Whatever is not in `left` is done, and durable. */
export interface Unsent {
  readonly left: Filtered
  readonly cause: unknown
}

/** Sends what is due. `undefined`: all of it. */
export async function sendFor(about: QueuedMessage, filtered: Filtered, means: SendMeans): Promise<Unsent | undefined> {
  let left = filtered
  try {
    await sendEach(about, filtered, means, (after) => {
      left = after(left)
    })
    return undefined
  } catch (cause) {
    return { left, cause }
  }
}

/** @param done a step of it is durable: what is left after that */
async function sendEach(
  about: QueuedMessage,
  filtered: Filtered,
  means: SendMeans,
  done: (after: (left: Filtered) => Filtered) => void,
): Promise<void> {
  const { vacations, notices, reports, owner } = filtered
  const { envelope } = about
  const [first] = owner
  if (first === undefined) return
  const send = async (
    why: BirthRecord['why'],
    to: readonly MailAddress[],
    bytes: Buffer,
    filed?: FiledCopy,
  ): Promise<void> => {
    const copy = filed === undefined ? undefined : { owner: first, filed }
    const within = await means.budget({ why, about: envelope.id, to, owner: first })
    if (within.length > 0) await queue({ about, why, to: within, bytes, means, copy })
  }
  const rejection = await rejectionOf(about, filtered, means)
  if (rejection !== undefined) {
    // It stands for the notice of a refusal, and nobody's scripts keep that from the sender.
    const to = await means.budget({ why: 'reject', about: envelope.id, to: [rejection.to] })
    if (to.length > 0) await queue({ about, why: 'reject', to, bytes: rejection.bytes, means, copy: undefined })
    done(({ refused, ...left }) => ({ ...left, ...(refused && { refused: { ...refused, told: true } }) }))
  }
  if (vacations.length + notices.length + reports.length === 0) return
  const received = () => applyEdits(means.store.content(envelope.id), envelope.edits)
  const message = SieveMessage.parse(await readHeader(received(), MAX_HEADER))
  const unique = Buffer.from(means.random(9)).toString('hex')
  const execution = {
    services: { clock: () => means.clock.now() },
    envelope: { from: envelope.reversePath ?? '', to: first },
    owner,
    now: means.clock.now(),
    unique,
    inbox: 'INBOX',
  }
  const echoing = (text: Buffer): Promise<Buffer> => {
    const original = { size: editedSize(envelope.size, envelope.edits), content: received }
    const { noticeContent } = means.revision().config.queue
    return withOriginal(text, original, noticeContent, Buffer.from(means.random(18)).toString('hex'))
  }
  for (const reply of vacations) {
    // Never an answer to what has no sender (RFC 5228 §10, RFC 3834 §2).
    if (envelope.reversePath !== null && (await isNew(means, first, reply))) {
      // It is marked; sent the next time, it is to be sent whatever the memory says then.
      done((left) => ({ ...left, vacations: [{ ...reply, seconds: 0 }, ...left.vacations.slice(1)] }))
      const text = composeVacation(reply, message, execution)
      const bytes = reply.echo === true ? await echoing(text) : text
      await send('vacation', [reply.to], bytes, reply.copy)
    }
    done((left) => ({ ...left, vacations: left.vacations.slice(1) }))
  }
  for (const { uri, from, importance, message: text, copy } of notices) {
    const mailto = parseMailto(uri)
    if (typeof mailto !== 'string') {
      const to = [...mailto.to, ...mailto.cc].flatMap((each) => parseAddress(each) ?? []).slice(0, MAX_NOTIFIED)
      const said = {
        importance,
        ...(from === undefined ? {} : { from }),
        ...(text === undefined ? {} : { message: text }),
      }
      if (to.length > 0) await send('notify', to, composeNotification(said, mailto, message, execution), copy)
    }
    done((left) => ({ ...left, notices: left.notices.slice(1) }))
  }
  // Marked before it is sent: one that the queue does not take is told of the next day.
  for (const report of reports) {
    const key = memoryKey(first, report.script)
    const request = { do: 'throttle', table: table('filters.report', 1, REPORT_EVERY_MS), key } as const
    if (reached(await means.counters.count(request)) === 'under')
      await send('filter report', [report.to], composeReport(report, means, unique))
    done((left) => ({ ...left, reports: left.reports.slice(1) }))
  }
}

/** Once a period for a sender and a handle. Marked before it is sent: rather no reply than two. */
async function isNew({ counters }: SendMeans, owner: string, { to, handle, seconds }: VacationReply): Promise<boolean> {
  if (seconds === 0) return true
  const key = memoryKey(owner, `${to.toLowerCase()} ${handle}`)
  const hours = PERIODS.find((each) => each * 3600 >= seconds) ?? PERIODS.at(-1) ?? 1
  const request = {
    do: 'throttle',
    table: { ...table(`filters.vacation.${hours}`, 1, hours * HOUR_MS), kept: true },
    key,
  } as const
  return reached(await counters.count(request)) === 'under'
}

function composeReport(
  { to, script, text }: Filtered['reports'][number],
  { revision, clock }: SendMeans,
  unique: string,
): Buffer {
  const { hostname } = revision().config.server
  const body = encodeQuotedPrintable(
    `A filter of yours could not be run, so mail went to the inbox as if it were not there.\r\n\r\n${script}\r\n${text.replace(/\r?\n/g, '\r\n')}\r\n`,
  )
  return Buffer.from(
    field('Date', formatDate(clock.now(), 0)) +
      field('Message-ID', formatMessageId(`filter.${unique}`, hostname)) +
      field('From', sitePostmaster(revision())) +
      field('To', to) +
      field('Subject', encodeText('A filter of yours does not work')) +
      field('Auto-Submitted', 'auto-generated') +
      field('MIME-Version', '1.0') +
      field('Content-Type', 'text/plain; charset=utf-8') +
      `${field('Content-Transfer-Encoding', 'quoted-printable')}\r\n${body}`,
  )
}

/** Durable when this resolves. */
async function queue(order: {
  readonly about: QueuedMessage
  readonly why: BirthRecord['why']
  readonly to: readonly MailAddress[]
  readonly bytes: Buffer
  readonly means: SendMeans
  /** RFC 8580: the sent message in a mailbox of the owner's. */
  readonly copy: { readonly owner: MailAddress; readonly filed: FiledCopy } | undefined
}): Promise<void> {
  const { about, why, to, bytes, means, copy } = order
  const { place, revision, clock, ids, queued } = means
  const placements = await Promise.all(to.map(place))
  const places = placements.flatMap(({ problem, recipients }, i) => {
    const address = to[i]
    return problem === undefined || address === undefined ? recipients : [askedAgain(address)]
  })
  if (places.length === 0) return
  const kept = copy === undefined ? [] : await filedCopies(copy, means)
  const id = ids.message()
  await queueOwnMessage(
    {
      id,
      receivedAt: clock.now(),
      // RFC 6531 §3.4: an address in the header counts too.
      smtputf8:
        places.some(({ address }) => !isAscii(address)) || isEightBit(bytes.subarray(0, bytes.indexOf('\r\n\r\n'))),
      body: isEightBit(bytes) ? '8bit' : '7bit',
      content: [bytes],
      recipients: [...places, ...kept].map((where) => ({ ...where, notify: 'never' })),
      birth: { why, about: about.envelope.id, to: places, steps: placements.flatMap(({ steps }) => steps) },
    },
    { ...means, revision: revision() },
  )
  queued(id)
}

/** Where the owner has a mailbox of ours. */
async function filedCopies(
  { owner, filed }: { readonly owner: MailAddress; readonly filed: FiledCopy },
  { place }: SendMeans,
): Promise<readonly Place[]> {
  const { recipients } = await place(owner)
  return recipients.filter(({ user }) => user !== undefined).map((own) => ({ ...own, copy: filed }))
}
