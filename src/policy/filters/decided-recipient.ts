// SPDX-License-Identifier: Apache-2.0
/** The recipient, once all levels have spoken: what is to be done, its conversion tags, and where it goes for that. */
import type { Revision } from '../../config/revision.ts'
import { subaddressSeparator } from '../../config/site-filters.ts'
import type { AskedFor } from '../../envelope/carried.ts'
import { parseChannelName } from '../../envelope/channel-name.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import type { Filtered } from '../../envelope/filtered.ts'
import { channelConfig } from '../channels.ts'
import { conversionTags, finishWalk } from './finish.ts'
import type { Walk } from './walk.ts'

export interface Deciding {
  readonly revision: Revision
  readonly asked: AskedFor
  /** A script says something about conversion tags: those of the whole message move to its recipients. */
  readonly tagged: boolean
  /** Of finishWalk: shared by all recipients of a message. */
  readonly sent: Set<string>
}

export const saysTags = ({ setConversionTags, addedConversionTags }: Walk): boolean =>
  setConversionTags !== undefined || addedConversionTags.length > 0

export function decidedRecipient(walk: Walk, { revision, asked, tagged, sent }: Deciding): Recipient {
  const { recipient } = walk
  const filtered = finishWalk(walk, {
    channel: channelConfig(revision, recipient.channel),
    separator: subaddressSeparator(revision.config),
    novacation: asked.novacation === true,
    jettison: asked.jettison,
    sent,
  })
  const before = [...new Set([...(asked.tags ?? []), ...(recipient.tags ?? [])])]
  // `setconversiontag` takes them from one recipient alone.
  const tags = tagged ? (conversionTags(walk, before) ?? before) : recipient.tags
  const { tags: _, ...bare } = recipient
  const whole = { ...bare, ...(tags === undefined || tags.length === 0 ? {} : { tags }) }
  return withOutcome(revision, whole, filtered)
}

/** Where there is nothing to deliver, the recipient goes to the channel for that, which names the rule in the ledger. */
function withOutcome(revision: Revision, recipient: Recipient, filtered: Filtered | undefined): Recipient {
  if (filtered === undefined) return recipient
  const { dropped, fileinto, redirects } = filtered
  if (dropped === undefined || fileinto.length > 0 || redirects.length > 0) return { ...recipient, filtered }
  const name = parseChannelName(revision.config.filters[dropped.how])
  const { notify: _, ...others } = recipient
  // Whoever wrote it is not told: neither of success nor of failure (spec filters.md 6).
  return { ...others, filtered, notify: 'never', via: dropped.rule, ...(name === undefined ? {} : { channel: name }) }
}
