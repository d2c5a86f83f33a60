// SPDX-License-Identifier: Apache-2.0
/**
 * How engines ask and hosts answer (design 2.1). An engine is a generator that yields questions and returns its
 * result; `yield* ask(q)` is typed by the question. One generator a command or stage, never in inner loops.
 */
import { driveGenerator } from './drive-generator.ts'
import { type Answers, type Question, type QuestionKind, type QuestionOf, SECRET } from './questions.ts'

/** What an engine hands out: one question, or several to be answered side by side. */
type Asked = Question | readonly Question[]

/** An engine at work; `T` is what it comes to. */
export type Asking<T> = Generator<Asked, T, unknown>

/** Asks one question. The cast is the one place where an answer meets its question's type; `drive` keeps them paired. */
export function* ask<K extends QuestionKind>(question: { readonly ask: K } & QuestionOf<K>): Asking<Answers[K]> {
  return (yield question) as Answers[K]
}

/** Asks several questions at once; the answers come in the order of the questions. */
export function* askAll<K extends QuestionKind>(questions: readonly QuestionOf<K>[]): Asking<readonly Answers[K][]> {
  if (questions.length === 0) return []
  return (yield questions) as readonly Answers[K][]
}

/** Who answers: one function for each question. It may throw only for bugs; "I could not find out" is an answer. */
export type Host = {
  readonly [K in QuestionKind]: (question: QuestionOf<K>, signal?: AbortSignal) => Answers[K] | Promise<Answers[K]>
}

/** A question with its answer, as a trace keeps it. Secrets are not in it. */
export interface Fact {
  readonly question: Question | { readonly ask: QuestionKind }
  readonly answer?: unknown
}

/**
 * Runs an engine to its end. Answers without waiting when the host's answers are there at once.
 * On abort the engine gets `return()`, so that its `finally` blocks run, and the result is a rejection.
 */
export function drive<T>(
  asking: Asking<T>,
  host: Host,
  options: { readonly signal?: AbortSignal; readonly onFact?: (fact: Fact) => void } = {},
): T | Promise<T> {
  return driveGenerator(asking, (asked) => answerAll(asked, host, options), options.signal)
}

function answerAll(
  asked: Asked,
  host: Host,
  options: { readonly signal?: AbortSignal; readonly onFact?: (fact: Fact) => void },
): unknown {
  if (!('ask' in asked)) {
    const answers = asked.map((question) => answerOne(question, host, options))
    return answers.some((a) => a instanceof Promise) ? Promise.all(answers) : answers
  }
  return answerOne(asked, host, options)
}

function answerOne(
  question: Question,
  host: Host,
  { signal, onFact }: { readonly signal?: AbortSignal; readonly onFact?: (fact: Fact) => void },
): unknown {
  // The host's record pairs each kind with its question; TypeScript cannot see that through the union.
  const answering = host[question.ask] as (q: Question, signal?: AbortSignal) => unknown
  const answer = answering(question, signal)
  if (onFact === undefined) return answer
  const keep = (value: unknown): unknown => {
    onFact(SECRET.has(question.ask) ? { question: { ask: question.ask } } : { question, answer: value })
    return value
  }
  return answer instanceof Promise ? answer.then(keep) : keep(answer)
}
