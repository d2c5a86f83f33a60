// SPDX-License-Identifier: Apache-2.0
/**
 * Carries out what filters decided for a recipient (envelope/filtered.ts), when its turn comes: the recipient is replaced
 * by one for each copy, as an alias is by its members, so that each copy has its own ledger, retries and notices.
 * Replies and notifications are written before that is recorded. Where some of them cannot be, the recipient waits with
 * what is left: nothing that was sent is sent again, unless the process dies in between.
 */
import type { MailAddress } from '../../address/address.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import {
  type Copy,
  type FilterEdit,
  type Filtered,
  nothingFiltered,
  type RecipientCopy,
  type Redirected,
} from '../../envelope/filtered.ts'
import type { RecipientState } from '../../envelope/ledger.ts'
import type { Outcome } from '../../envelope/outcome.ts'
import { field, formatDate, formatMessageId } from '../../mime/fields.ts'
import type { Placement } from '../../policy/own-mail.ts'
import { LOCAL_CHANNEL } from '../../policy/route.ts'
import { askedAgain, type Place } from '../own-message.ts'

export interface CarryOut {
  readonly place: (address: MailAddress) => Promise<Placement>
  /** Wall-clock milliseconds. */
  readonly now: () => number
  /** Replies, notifications and reports of this recipient. What cannot be sent now; `undefined`: nothing is left. */
  readonly send: (filtered: Filtered) => Promise<Filtered | undefined>
  /** Gives those who are outside the sender that the message goes out with; absent: the one it has. */
  readonly sentOn?: (places: readonly Place[]) => Promise<readonly Place[]>
  /** For Resent-Message-ID: nobody else says the same. */
  readonly unique: () => string
}

/** `undefined`: delivered as it stands. */
export async function carryOut({ recipient }: RecipientState, means: CarryOut): Promise<Outcome | undefined> {
  const { filtered, index: _, parent: __, ...base } = recipient
  if (filtered === undefined) return undefined
  const { held, refused, dropped, keep, fileinto, redirects, merged = [] } = filtered
  // Once that is recorded it is no longer asked for (envelope/ledger.ts): let go by an operator, it goes on.
  if (held !== undefined) return { kind: 'held', reason: held.reason }
  const alone = keep === undefined && fileinto.length === 0 && redirects.length === 0
  const refusal = refused && {
    kind: 'failed' as const,
    status: '5.7.1',
    reason: refusalText(refused.reason),
    ...(refused.how === 'reject' && { told: true as const }),
  }
  if (alone && refusal !== undefined) return (await putOff(filtered, means)) ?? refusal
  const into: Place[] = []
  const by = filtered.by ?? base.copy?.by
  if (keep !== undefined)
    into.push({ ...base, copy: { ...copyOf(filtered, keep, keep.flags, base.copy), ...(by && { by }) } })
  for (const filed of fileinto) {
    const { mailbox, create, flags, address, detail, specialUse, mailboxId } = filed
    const copy = { ...copyOf(filtered, filed, flags, base.copy), by: filed.by }
    // A subaddress that mail came with gives way to the folder's (spec filters.md 1, `fileinto`).
    const { detail: _came, ...plain } = base
    if (detail !== undefined) into.push({ ...base, detail, copy: { ...copy, mailbox: detail, create } })
    else if (address !== undefined) into.push({ ...plain, address, copy })
    else {
      const elsewhere = { ...(specialUse && { specialUse }), ...(mailboxId && { mailboxId }) }
      into.push({ ...base, copy: { ...copy, mailbox, create, ...elsewhere } })
    }
  }
  for (const redirected of redirects) into.push(...(await redirection(base, filtered, redirected, means)))
  // What is left to say to the sender is said when the turn of this one comes.
  if (refused !== undefined)
    into.push({
      ...base,
      copy: { flags: [] },
      filtered: { ...nothingFiltered(filtered.owner), ...(by && { by }), refused },
    })
  const later = await putOff(filtered, means)
  if (later !== undefined) return later
  if (merged.length > 0) return { kind: 'expanded', into, also: merged }
  if (dropped === undefined || !alone) return { kind: 'expanded', into }
  // With nothing to deliver the recipient is on the channel that throws it away, and the rule is named there.
  return isQuiet(filtered) ? undefined : { kind: 'expanded', into: [base] }
}

async function putOff(filtered: Filtered, { send }: CarryOut): Promise<Outcome | undefined> {
  const left = await send(filtered)
  return left && { kind: 'deferred', status: '4.3.0', reason: 'what filters ask for cannot be sent now', left }
}

/** There was nothing to send, and so nothing that could be sent twice. */
const isQuiet = ({ vacations, notices, reports }: Filtered): boolean =>
  vacations.length + notices.length + reports.length === 0

const refusalText = (reason: string): string => {
  const line = reason.replace(/\s+/g, ' ').trim()
  return line === '' ? 'refused by the recipient' : `refused by the recipient: ${line}`
}

/** @param before the copy that the filters had before them, where it was one already */
function copyOf(
  filtered: Filtered,
  { edits, replaced }: Copy,
  flags: readonly string[],
  before: Recipient['copy'],
): RecipientCopy {
  if (replaced !== undefined) return { flags, replaced }
  const changed = [...(before?.edits ?? []), ...(edits ?? filtered.edits)]
  return {
    flags,
    ...(changed.length === 0 ? {} : { edits: changed }),
    ...(before?.replaced === undefined ? {} : { replaced: before.replaced }),
  }
}

/** The envelope sender stays, the null one too (RFC 5228 §4.2). Where the address leads is found out as for all mail of ours. */
async function redirection(
  base: Place,
  filtered: Filtered,
  redirected: Redirected,
  { place, sentOn, now, unique }: CarryOut,
): Promise<readonly Place[]> {
  const { address, resentFrom, notify, ret, by } = redirected
  const { detail: _, user: __, via: ___, groups: ____, ...kept } = base
  const resent = resentFrom === undefined ? [] : [resentFields(resentFrom, address, now(), unique())]
  const common = copyOf(filtered, redirected, [], base.copy)
  const edits = resent.length === 0 ? {} : { edits: [...(common.edits ?? []), ...resent] }
  const copy = { ...common, ...edits, ...(ret && { ret }), by, redirected: true } as const
  const asked = notify === undefined ? {} : { notify }
  const placement = await place(address)
  // Not known today, or nowhere: channel l asks again and tells the sender in the end.
  const places = placement.problem === undefined ? placement.recipients : [askedAgain(address)]
  const sent = places.map((where) => {
    // A user of ours has filters too; who that is channel l finds out.
    const unfiltered = where.user !== undefined || where.channel === LOCAL_CHANNEL
    return { ...kept, ...where, given: base.given, ...asked, copy, ...(unfiltered ? { unfiltered } : {}) }
  })
  return (await sentOn?.(sent)) ?? sent
}

/** RFC 5322 §3.6.6: one block, on top. */
function resentFields(from: MailAddress, to: MailAddress, now: number, unique: string): FilterEdit {
  const host = from.slice(from.lastIndexOf('@') + 1)
  const id = formatMessageId(`redirect.${unique}`, /^[A-Za-z0-9.-]+$/.test(host) ? host : 'localhost')
  const lines = [
    field('Resent-From', from),
    field('Resent-To', to),
    field('Resent-Date', formatDate(now, 0)),
    field('Resent-Message-ID', id),
  ]
  return { edit: 'prepend', field: lines.join('') }
}
