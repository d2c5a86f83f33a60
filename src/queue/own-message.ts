// SPDX-License-Identifier: Apache-2.0
/**
 * Queues a message that the MTA makes itself, about another one: notices of delivery, and what filters ask for. From the
 * null sender (RFC 3464 §2, RFC 5321 §4.5.5), so that nobody is told about it in turn.
 */
import type { MailAddress } from '../address/address.ts'
import type { Revision } from '../config/revision.ts'
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import type { createIds } from '../envelope/message-id.ts'
import { LOCAL_CHANNEL } from '../policy/route.ts'
import type { BirthRecord, TraceSink } from '../policy/trace.ts'
import type { QueueStore } from './store.ts'

export type Place = Omit<Recipient, 'index' | 'parent'>

export interface OwnMessageMeans {
  readonly store: QueueStore
  readonly revision: Revision
  readonly ids: ReturnType<typeof createIds>
  readonly traces: TraceSink
}

export interface OwnMessage extends Pick<Envelope, 'id' | 'receivedAt' | 'smtputf8' | 'body'> {
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly recipients: readonly Place[]
  /** For the record of its birth; `to`: whom it names. */
  readonly birth: Pick<BirthRecord, 'why' | 'about' | 'steps'> & { readonly to: readonly Place[] }
}

/** Recipients named in the record of its birth: a sender may be a large group, and a record stays under 64 KiB. */
const MAX_TRACED = 50

/** Durable when this resolves. Rejects when the store will not take it: then nothing was kept. */
export async function queueOwnMessage(message: OwnMessage, means: OwnMessageMeans): Promise<void> {
  const { id, receivedAt, smtputf8, body, content, recipients, birth } = message
  const { store, revision, ids, traces } = means
  const { to, ...about } = birth
  await using draft = store.begin()
  let size = 0
  for await (const chunk of content) {
    await draft.write(chunk)
    size += chunk.length
  }
  await draft.commit({
    id,
    reversePath: null,
    receivedAt,
    source: LOCAL_CHANNEL,
    origin: { session: ids.session(), protocol: 'local' },
    revision: revision.id,
    smtputf8,
    body,
    size,
    edits: [],
    recipients: recipients.map((place, index) => ({ ...place, index })),
  })
  traces.append({
    record: 'birth',
    version: 1,
    id,
    at: receivedAt,
    revision: revision.id,
    from: '',
    recipients: to.slice(0, MAX_TRACED).map(({ address, channel }) => ({ address, channel })),
    ...about,
  })
}

/** Not known today where an address leads: channel l asks again when it delivers, so that nothing is lost meanwhile. */
export const askedAgain = (address: MailAddress): Place => ({ address, given: address, channel: LOCAL_CHANNEL })
