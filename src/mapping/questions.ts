// SPDX-License-Identifier: Apache-2.0
/**
 * What the language asks of its host (design 2.1). It asks few and plain things, so it has a list of its own: a stage
 * answers them with questions of the house (`within`), a tool or a test with a host (`answer`).
 */
import type { Asking } from '../ask/ask.ts'
import { driveGenerator } from '../ask/drive-generator.ts'
import type { Lookup } from '../ask/lookup.ts'

export type MappingQuestion =
  /** Random octets, as lower-case hexadecimal: the question of the house of the same name. */
  | { readonly ask: 'random'; readonly octets: number }
  /**
   * Effect: raise the number kept in this sequence file by one, and say what it is now: a whole number, 0 or more. No
   * two askers on the machine may get the same one. An empty file counts as 0. `absent`: there is no such file.
   */
  | { readonly ask: 'mapping.sequence'; readonly file: string }
  /**
   * The text that a `file:` or `ldap:` URL stands for: the file without its last line end, the first value of the only
   * entry. `absent`: nothing, or several entries. `data:` URLs are not asked for.
   */
  | { readonly ask: 'mapping.url'; readonly url: string }
  /** The right side of a key of the general table or database. Keys compare without regard to case. */
  | { readonly ask: 'mapping.general'; readonly key: string }
  /** The first value of an attribute of a domain, or of one of the names in spec mapping-tables.md 4.11. */
  | { readonly ask: 'mapping.domain'; readonly domain: string; readonly attribute: string }
  /** Effect: run a routine. `found` is its success with what it wrote, `absent` its failure. */
  | { readonly ask: 'mapping.call'; readonly image: string; readonly routine: string; readonly argument: string }

export interface MappingAnswers {
  readonly random: string
  readonly 'mapping.sequence': Lookup<number>
  readonly 'mapping.url': Lookup<string>
  readonly 'mapping.general': Lookup<string>
  readonly 'mapping.domain': Lookup<string>
  /** `unknown`: there is no such image or routine. The host logs that once. */
  readonly 'mapping.call': Lookup<string> | { readonly kind: 'unknown' }
}

export type MappingQuestionKind = MappingQuestion['ask']
export type MappingQuestionOf<K extends MappingQuestionKind> = Extract<MappingQuestion, { readonly ask: K }>

/** Questions that change the world: `explain` and replay answer them on a copy. */
export const MAPPING_EFFECTS: ReadonlySet<MappingQuestionKind> = new Set(['mapping.sequence', 'mapping.call'])

/** The language at work; `T` is what it comes to. */
export type MappingAsking<T> = Generator<MappingQuestion, T, unknown>

/** Asks one question. The cast is the one place where an answer meets its question's type. */
export function* askHost<K extends MappingQuestionKind>(
  question: { readonly ask: K } & MappingQuestionOf<K>,
): MappingAsking<MappingAnswers[K]> {
  return (yield question) as MappingAnswers[K]
}

/** Who answers outside a stage. A kind that is not there is answered as an unreachable service would. */
export type MappingHost = {
  readonly [K in MappingQuestionKind]?: (
    question: MappingQuestionOf<K>,
    signal?: AbortSignal,
  ) => MappingAnswers[K] | Promise<MappingAnswers[K]>
}

/** Runs the language to its end; without waiting where every answer is there at once. */
export function answer<T>(asking: MappingAsking<T>, host: MappingHost, signal?: AbortSignal): T | Promise<T> {
  return driveGenerator(asking, (question) => answerOne(question, host, signal), signal)
}

function answerOne(question: MappingQuestion, host: MappingHost, signal: AbortSignal | undefined): unknown {
  // The host's record pairs each kind with its question; TypeScript cannot see that through the union.
  const answering = host[question.ask] as ((q: MappingQuestion, signal?: AbortSignal) => unknown) | undefined
  return answering === undefined ? unanswered(question) : answering(question, signal)
}

function unanswered(question: MappingQuestion): unknown {
  if (question.ask === 'random') throw new Error('a host of mapping tables has to answer "random"')
  return { kind: 'defer', cause: `nothing here answers ${question.ask}` }
}

/** Who answers inside a stage: each question of the language becomes a piece of asking of the house. */
export type MappingAdapter = {
  readonly [K in MappingQuestionKind]: (question: MappingQuestionOf<K>) => Asking<MappingAnswers[K]>
}

/** Runs the language as a part of an engine of the house. */
export function* within<T>(asking: MappingAsking<T>, adapter: MappingAdapter): Asking<T> {
  try {
    let step = asking.next()
    while (step.done !== true) {
      const { ask } = step.value
      const adapt = adapter[ask] as (question: MappingQuestion) => Asking<unknown>
      step = asking.next(yield* adapt(step.value))
    }
    return step.value
  } finally {
    asking.return(undefined as never)
  }
}
