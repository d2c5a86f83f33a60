// SPDX-License-Identifier: Apache-2.0
/**
 * One delivery for each mailbox and folder, however many recipients of a message lead there (spec filters.md 8): the first
 * one keeps it, with the flags of all. The others lose that copy, and name the first one in its place.
 */
import { addressKey } from '../../address/path.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import { type FiledInto, type Filtered, nothingFiltered } from '../../envelope/filtered.ts'
import { normalizeFlags } from '../../sieve/index.ts'

type Keep = NonNullable<Filtered['keep']>

/** The copies of one recipient while they are compared. */
interface Copies {
  readonly recipient: Recipient
  keep: Keep | undefined
  /** `undefined`: another recipient has it. */
  readonly fileinto: (FiledInto | undefined)[]
  readonly merged: Set<number>
  changed: boolean
}

/** @param byDetail does the mailbox's channel put mail of different subaddresses into different places? */
export function mergeCopies(
  recipients: readonly Recipient[],
  byDetail: (channel: Recipient['channel']) => boolean,
): readonly Recipient[] {
  const inboxes = new Map<string, Copies>()
  const folders = new Map<string, { readonly of: Copies; readonly at: number }>()
  const all = recipients.map((recipient): Copies => {
    const { filtered } = recipient
    const keep = filtered === undefined ? { flags: [] } : filtered.keep
    return { recipient, keep, fileinto: [...(filtered?.fileinto ?? [])], merged: new Set(), changed: false }
  })
  for (const mine of all) {
    const { recipient } = mine
    if (recipient.user === undefined) continue
    const place = [recipient.channel, addressKey(recipient.address), recipient.filtered?.held !== undefined]
    if (mine.keep !== undefined) {
      const key = JSON.stringify([...place, byDetail(recipient.channel) ? recipient.detail : undefined])
      const first = inboxes.get(key)
      if (first?.keep === undefined || isOwn(recipient, first)) inboxes.set(key, mine)
      else {
        const flags = union(first.keep.flags, mine.keep.flags)
        if (flags.length > first.keep.flags.length) first.changed = true
        first.keep = { ...first.keep, flags }
        mine.keep = undefined
        gave(mine, first)
      }
    }
    for (const [at, filed] of (recipient.filtered?.fileinto ?? []).entries()) {
      const target = filed.address === undefined ? [...place, filed.mailbox] : [...place.with(1, filed.address), null]
      const key = JSON.stringify([...target, filed.specialUse, filed.mailboxId])
      const first = folders.get(key)
      const theirs = first?.of.fileinto[first.at]
      if (first === undefined || theirs === undefined || first.of === mine || isOwn(recipient, first.of))
        folders.set(key, { of: mine, at })
      else {
        first.of.fileinto[first.at] = both(theirs, filed)
        first.of.changed = true
        mine.fileinto[at] = undefined
        gave(mine, first.of)
      }
    }
  }
  return all.map(withCopies)
}

/**
 * What is to be told of success is told of one's own delivery (RFC 3461 §5.2.1), and where the delivery of the first one
 * fails, the sender must hear of it who wanted to hear of this one.
 */
const isOwn = (recipient: Recipient, { recipient: first }: Copies): boolean =>
  tells(recipient, 'success') || (tells(recipient, 'failure') && !tells(first, 'failure'))

const tells = ({ notify }: Recipient, what: 'success' | 'failure'): boolean =>
  notify === undefined ? what === 'failure' : notify !== 'never' && notify.includes(what)

const union = (a: readonly string[], b: readonly string[]): readonly string[] => normalizeFlags([...a, ...b])

const both = (theirs: FiledInto, mine: FiledInto): FiledInto => ({
  ...theirs,
  flags: union(theirs.flags, mine.flags),
  create: theirs.create || mine.create,
})

function gave(mine: Copies, { recipient }: Copies): void {
  mine.merged.add(recipient.index)
  mine.changed = true
}

function withCopies({ recipient, keep, fileinto, merged, changed }: Copies): Recipient {
  if (!changed) return recipient
  const { keep: _, ...rest } = recipient.filtered ?? nothingFiltered([recipient.address])
  const filtered: Filtered = {
    ...rest,
    ...(keep === undefined ? {} : { keep }),
    fileinto: fileinto.filter((filed) => filed !== undefined),
    ...(merged.size === 0 ? {} : { merged: [...merged] }),
  }
  return { ...recipient, filtered }
}
