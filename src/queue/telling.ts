// SPDX-License-Identifier: Apache-2.0
/**
 * Who is told what about one attempt: failures together, delays together, successes together. Notices outlive a failed
 * write of what they tell: what has been told is not told again with each try.
 */
import type { MessageId } from '../envelope/message-id.ts'
import { makeNotice, type NoticeEntry, type NoticeOrder } from './notice.ts'
import type { Settled } from './outcome-events.ts'
import type { QueuedMessage } from './store.ts'

/** What a notice is made with, whatever it says. */
export type NoticeMeans = Omit<NoticeOrder, 'about' | 'kind' | 'entries' | 'revision'> & {
  readonly revision: () => NoticeOrder['revision']
  /** A notice has become durable. */
  readonly queued: (id: MessageId) => void
}

/** Who was told what of one attempt. */
export interface Told {
  /** The notice of its failures. */
  readonly failure?: MessageId | undefined
  /** Those whose delay the sender has heard of now. */
  readonly delayed: readonly Settled[]
}

export const NOTHING_TOLD: Told = { delayed: [] }

/** Tells about one message; made anew for each attempt. */
export class Telling {
  readonly #means: NoticeMeans
  readonly #told = new Map<NoticeOrder['kind'], MessageId | undefined>()

  constructor(means: NoticeMeans) {
    this.#means = means
  }

  /** Rejects when the store will not take a notice. */
  async tellAll(about: QueuedMessage, settled: readonly Settled[]): Promise<Told> {
    const due = (action: NoticeEntry['action']): Settled[] => settled.filter(({ notice }) => notice?.action === action)
    const tell = (kind: NoticeOrder['kind'], of: readonly Settled[]): Promise<MessageId | undefined> =>
      this.tell(
        about,
        kind,
        of.flatMap(({ notice }) => notice ?? []),
      )
    const failure = await tell('failure', due('failed'))
    const delayed = due('delayed').filter(({ tellDelay }) => tellDelay)
    const delay = await tell('delay', delayed)
    await tell('success', [...due('delivered'), ...due('relayed'), ...due('expanded')])
    return { failure, delayed: delay === undefined ? [] : delayed }
  }

  /** The id of the notice; `undefined` when none was due. Rejects when the store will not take it. */
  async tell(
    about: QueuedMessage,
    kind: NoticeOrder['kind'],
    entries: readonly NoticeEntry[],
  ): Promise<MessageId | undefined> {
    if (entries.length === 0) return undefined
    if (this.#told.has(kind)) return this.#told.get(kind)
    const { revision, queued, ...means } = this.#means
    const id = await makeNotice({ ...means, about, kind, entries, revision: revision() })
    this.#told.set(kind, id)
    if (id !== undefined) queued(id)
    return id
  }
}
