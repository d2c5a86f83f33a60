// SPDX-License-Identifier: Apache-2.0
/**
 * What the language asks of its host (design 2.1): reads alone. What a script wants done are actions of its outcome,
 * carried out later. A stage answers with questions of the house (`within`), a tool or a test with a host (`answer`).
 */
import type { Asking } from '../ask/ask.ts'
import { driveGenerator } from '../ask/drive-generator.ts'
import type { Lookup } from '../ask/lookup.ts'

export type SieveQuestion =
  /** Wall-clock milliseconds: the question of the house of the same name. Asked at most once a run. */
  | { readonly ask: 'now' }
  /** Can mail be delivered to this mailbox? RFC 5490 §3.1. `found` is its name as the store writes it. */
  | { readonly ask: 'sieve.mailbox'; readonly mailbox: string }
  /** A mailbox with this special-use attribute (`\Junk`); RFC 8579. With `mailbox`: has that one the attribute? */
  | { readonly ask: 'sieve.special-use'; readonly attribute: string; readonly mailbox?: string }
  /** The mailbox with this object identifier, RFC 9042. */
  | { readonly ask: 'sieve.mailbox-id'; readonly id: string }
  /** An annotation of a mailbox, or of the server without one; RFC 5490. */
  | { readonly ask: 'sieve.metadata'; readonly mailbox?: string; readonly annotation: string }
  /** The text of a script, RFC 6609. */
  | { readonly ask: 'sieve.include'; readonly location: 'personal' | 'global'; readonly name: string }
  /** Is there such a list (no `value`), or is the value in it? RFC 6134. `absent`: no. */
  | { readonly ask: 'sieve.list'; readonly list: string; readonly value?: string }
  /** Everything in a list that mail can be sent on to. `absent`: there is no such list, or nobody can count its members. */
  | { readonly ask: 'sieve.members'; readonly list: string }
  /** Was this remembered, and not yet forgotten? RFC 7352. */
  | { readonly ask: 'sieve.duplicate'; readonly id: string }
  /** What is known of unwanted mail in this message, RFC 5235. `absent`: not tested. */
  | { readonly ask: 'sieve.score'; readonly of: 'spam' | 'virus' }
  /** The value of a capability of a notification URI (`online`), RFC 5435 §5. */
  | { readonly ask: 'sieve.notify'; readonly uri: string; readonly capability: string }
  /** Wait for a plug-in. Stages have no such plug-ins. */
  | { readonly ask: 'sieve.wait'; readonly promise: Promise<unknown> }

export interface Score {
  /** spam: 0 to 10, any real number, rounded by the test. virus: 1 to 5, RFC 5235 §3. */
  readonly score: number
  /** Appended to the value, spec filters.md 5. */
  readonly text?: string
}

export interface SieveAnswers {
  readonly now: number
  readonly 'sieve.mailbox': Lookup<string>
  readonly 'sieve.special-use': Lookup<string>
  readonly 'sieve.mailbox-id': Lookup<string>
  readonly 'sieve.metadata': Lookup<string>
  readonly 'sieve.include': Lookup<string>
  readonly 'sieve.list': Lookup<true>
  readonly 'sieve.members': Lookup<readonly string[]>
  readonly 'sieve.duplicate': Lookup<true>
  readonly 'sieve.score': Lookup<Score>
  readonly 'sieve.notify': Lookup<string>
  readonly 'sieve.wait': unknown
}

export type SieveQuestionKind = SieveQuestion['ask']
export type SieveQuestionOf<K extends SieveQuestionKind> = Extract<SieveQuestion, { readonly ask: K }>

/** What words of the language ask; their answers can be "try later". */
export type AskableKind = Exclude<SieveQuestionKind, 'now' | 'sieve.wait'>
export type Found<T> = Exclude<Lookup<T>, { readonly kind: 'defer' }>

/** The answers that words see. */
export interface FoundAnswers {
  readonly 'sieve.mailbox': Found<string>
  readonly 'sieve.special-use': Found<string>
  readonly 'sieve.mailbox-id': Found<string>
  readonly 'sieve.metadata': Found<string>
  readonly 'sieve.include': Found<string>
  readonly 'sieve.list': Found<true>
  readonly 'sieve.members': Found<readonly string[]>
  readonly 'sieve.duplicate': Found<true>
  readonly 'sieve.score': Found<Score>
  readonly 'sieve.notify': Found<string>
}

/** The language at work; `T` is what it comes to. */
export type SieveAsking<T> = Generator<SieveQuestion, T, unknown>

/** What is there at once, or has to be asked for. Most of a script never asks; generators would be half its time. */
export type Maybe<T> = T | SieveAsking<T>

export const isAsking = <T>(value: Maybe<T>): value is SieveAsking<T> =>
  typeof value === 'object' && value !== null && typeof (value as { next?: unknown }).next === 'function'

/** Goes on with a value, now or when it was asked for. */
export function then<A, B>(value: Maybe<A>, next: (value: A) => Maybe<B>): Maybe<B> {
  return isAsking(value) ? thenLater(value, next) : next(value)
}

function* thenLater<A, B>(asking: SieveAsking<A>, next: (value: A) => Maybe<B>): SieveAsking<B> {
  const more = next(yield* asking)
  return isAsking(more) ? yield* more : more
}

/** Goes through items in order until one gives something, asking where it must. */
export function firstOf<I, T>(items: readonly I[], look: (item: I) => Maybe<T | undefined>): Maybe<T | undefined> {
  for (let i = 0; i < items.length; i++) {
    const found = look(items[i] as I)
    if (isAsking(found)) return firstLater(found, items, i, look)
    if (found !== undefined) return found
  }
  return undefined
}

function* firstLater<I, T>(
  first: SieveAsking<T | undefined>,
  items: readonly I[],
  from: number,
  look: (item: I) => Maybe<T | undefined>,
): SieveAsking<T | undefined> {
  let found = yield* first
  for (let i = from + 1; found === undefined && i < items.length; i++) {
    const next = look(items[i] as I)
    found = isAsking(next) ? yield* next : next
  }
  return found
}

/** Asks one question. The cast is the one place where an answer meets its question's type. */
export function* askHost<K extends SieveQuestionKind>(
  question: { readonly ask: K } & SieveQuestionOf<K>,
): SieveAsking<SieveAnswers[K]> {
  return (yield question) as SieveAnswers[K]
}

/** Who answers outside a stage. A kind that is not there is answered as an unreachable service would, except `now`. */
export type SieveHost = {
  readonly [K in SieveQuestionKind]?: (
    question: SieveQuestionOf<K>,
    signal?: AbortSignal,
  ) => SieveAnswers[K] | Promise<SieveAnswers[K]>
}

/** Runs the language to its end; without waiting where every answer is there at once. */
export function answer<T>(asking: Maybe<T>, host: SieveHost, signal?: AbortSignal): T | Promise<T> {
  if (!isAsking(asking)) return asking
  // A plug-in's promise that failed is that command's fault; the run catches it and ends in order.
  return driveGenerator(
    asking,
    (question) => answerOne(question, host, signal),
    signal,
    (run, error) => run.throw(error),
  )
}

function answerOne(question: SieveQuestion, host: SieveHost, signal: AbortSignal | undefined): unknown {
  if (question.ask === 'sieve.wait') return question.promise
  // The host's record pairs each kind with its question; TypeScript cannot see that through the union.
  const answering = host[question.ask] as ((q: SieveQuestion, signal?: AbortSignal) => unknown) | undefined
  if (answering !== undefined) return answering(question, signal)
  if (question.ask === 'now') throw new Error('a host of Sieve has to answer "now"')
  return { kind: 'defer', cause: `nothing here answers ${question.ask}` }
}

/** Who answers inside a stage: each question of the language becomes a piece of asking of the house. */
export type SieveAdapter = {
  readonly [K in Exclude<SieveQuestionKind, 'sieve.wait'>]: (question: SieveQuestionOf<K>) => Asking<SieveAnswers[K]>
}

/** Runs the language as a part of an engine of the house. */
export function* within<T>(asking: Maybe<T>, adapter: SieveAdapter): Asking<T> {
  if (!isAsking(asking)) return asking
  let step = asking.next()
  while (step.done !== true) {
    const { ask } = step.value
    if (ask === 'sieve.wait') throw new Error('a plug-in of a stage must not wait')
    const adapt = adapter[ask] as (question: SieveQuestion) => Asking<unknown>
    step = asking.next(yield* adapt(step.value))
  }
  return step.value
}
