// SPDX-License-Identifier: Apache-2.0
/**
 * The message that arrives over a connection, as its host holds it: the content of the transaction at hand, its place in
 * hand should the process crash at it, the memory that filters look at it in, and what its scripts have claimed.
 */
import type { Host } from '../ask/ask.ts'
import type { Answers, QuestionOf } from '../ask/questions.ts'
import type { Revision } from '../config/revision.ts'
import type { Log } from '../monitor/log.ts'
import type { Hand, InHand } from '../queue/in-hand.ts'
import type { Draft } from '../queue/store.ts'
import type { ContentRules } from './action.ts'
import { Claims } from './claims.ts'
import { ContentIntake } from './content-intake.ts'
import type { ContentMemory } from './content-memory.ts'

export interface ArrivingParts {
  readonly begin: () => Draft
  /** Of the process, for what filters look at. */
  readonly contentMemory: Pick<ContentMemory, 'claim'>
  /** Remembers what is received now, should the process crash at it. */
  readonly inHand: Pick<InHand, 'begin' | 'clear'>
  /** The policy revision of now (design 2.3). */
  readonly revision: () => Revision
}

export class Arriving {
  readonly #parts: ArrivingParts
  readonly #log: Log
  readonly #claims: Claims
  /** Of DATA, or of all chunks. */
  #intake: ContentIntake | undefined
  #hand: Hand | undefined
  #looked = (): void => {}

  constructor(parts: ArrivingParts & { readonly host: Pick<Host, 'memory.claim' | 'memory.unclaim'> }, log: Log) {
    this.#parts = parts
    this.#log = log
    this.#claims = new Claims(parts.host)
  }

  /** Answers the session's questions about it. */
  get answers(): Pick<Host, 'queue.commit' | 'content' | 'memory.claim'> {
    return {
      'queue.commit': (question) => this.#commit(question),
      content: (question) => this.#beginning(question),
      'memory.claim': this.#claims.claim,
    }
  }

  /** Content begins; of chunks, the first one does. */
  begin(how: 'data' | 'chunks', rules: ContentRules): ContentIntake {
    this.letGo()
    this.#hand = this.#parts.inHand.begin(rules.key, 'receiving')
    if (rules.unlooked) this.#log.error('alarm.poison', { key: rules.key, what: 'held without a look at its content' })
    this.#intake = new ContentIntake(how, rules, this.#parts.begin)
    return this.#intake
  }

  /** The chunk belongs to what came before it, if anything did. */
  chunk(rules: ContentRules): ContentIntake {
    return this.#intake ?? this.begin('chunks', rules)
  }

  /** What a stranger sent is looked at next. */
  looking(): void {
    this.#hand?.note()
  }

  /** Filters have looked at it: the memory is others'. */
  judged(): void {
    this.#looked()
    this.#looked = () => {}
  }

  /** Looked at to its end: the process lives. */
  cameThrough({ key, unlooked }: ContentRules): void {
    if (!unlooked) this.#parts.inHand.clear(key)
  }

  /** It is no longer in hand, whatever became of it. */
  letGo(): void {
    this.#hand?.[Symbol.dispose]()
    this.#hand = undefined
  }

  /** Nobody gets it. Never rejects. */
  async drop(): Promise<void> {
    const intake = this.#intake
    this.#intake = undefined
    this.#claims.dropped()
    await intake?.drop()
  }

  async #beginning({ most }: QuestionOf<'content'>): Promise<Answers['content']> {
    const intake = this.#intake
    if (intake === undefined) return { kind: 'absent' }
    const { memory } = this.#parts.revision().config.filters
    const looked = await this.#parts.contentMemory.claim(Math.min(most, intake.kept), memory)
    if (looked === undefined) return { kind: 'defer', cause: 'too many messages are being looked at (filters.memory)' }
    this.#looked()
    this.#looked = looked
    this.#hand?.at('filtering')
    this.#hand?.note()
    try {
      return { kind: 'found', value: await intake.beginning(most) }
    } catch (error) {
      this.#log.error('smtp.content-unreadable', { err: error })
      return { kind: 'defer', cause: String(error) }
    }
  }

  async #commit({ envelope }: QuestionOf<'queue.commit'>): Promise<Answers['queue.commit']> {
    const intake = this.#intake
    this.#intake = undefined
    try {
      if (intake === undefined) throw new Error('there is no content')
      await intake.commit(envelope)
      this.#claims.kept(envelope)
      return { kind: 'stored' }
    } catch (error) {
      this.#log.error('smtp.commit-failed', { id: envelope.id, err: error })
      return { kind: 'defer', cause: String(error) }
    }
  }
}
