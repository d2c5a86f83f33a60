// SPDX-License-Identifier: Apache-2.0
/** What the sender hears of a script's `reject`, where it could not be said in the dialogue (RFC 5429 §2.2). */
import type { MailAddress } from '../../address/address.ts'
import { composeRejection } from '../../dsn/compose-rejection.ts'
import { noticeDue } from '../../dsn/parameters.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import type { Filtered } from '../../envelope/filtered.ts'
import { applyEdits } from '../../mime/apply-edits.ts'
import { readHeader } from '../../mime/header-text.ts'
import { safeLines } from '../../smtp/safe-lines.ts'
import { MAX_RETURNED_HEADER } from '../notice.ts'
import type { QueuedMessage } from '../store.ts'
import type { NoticeMeans } from '../telling.ts'

export interface Rejection {
  readonly to: MailAddress
  readonly bytes: Buffer
}

/** `undefined`: there is none to send, or nobody to send it to: never to the null sender, nor against NOTIFY=NEVER. */
export async function rejectionOf(
  { envelope }: QueuedMessage,
  { refused, owner, keep, fileinto, redirects }: Filtered,
  {
    recipient,
    ...means
  }: Pick<NoticeMeans, 'store' | 'revision' | 'clock' | 'random'> & { readonly recipient: Recipient },
): Promise<Rejection | undefined> {
  const to = envelope.reversePath
  if (refused?.how !== 'reject' || refused.told === true) return undefined
  // Beside copies it is said when the turn of what stands for the refusal comes (carry-out.ts).
  if (keep !== undefined || fileinto.length + redirects.length > 0) return undefined
  if (to === null || !noticeDue(recipient, to, 'failure')) return undefined
  const content = safeLines(applyEdits(means.store.content(envelope.id), envelope.edits))
  const bytes = composeRejection({
    unique: Buffer.from(means.random(9)).toString('hex'),
    hostname: means.revision().config.server.hostname,
    dateMs: means.clock.now(),
    boundary: Buffer.from(means.random(18)).toString('hex'),
    to,
    from: owner[0] ?? recipient.address,
    reason: refused.reason,
    recipient,
    header: await readHeader(content, MAX_RETURNED_HEADER),
  })
  return { to, bytes }
}
