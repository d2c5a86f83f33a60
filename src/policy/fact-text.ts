// SPDX-License-Identifier: Apache-2.0
/** A fact as JSON in ASCII. What is asked for every message is written by hand: nearly always the answer is the same. */
import type { Fact } from '../ask/ask.ts'
import { type Answers, type QuestionKind, type QuestionOf, SECRET } from '../ask/questions.ts'
import { jsonText, keptText, quoted } from './json-text.ts'

export function factText(fact: Fact): string {
  const { question, answer } = fact
  if (question.ask === 'now') return `{"question":{"ask":"now"},"answer":${jsonText(answer)}}`
  if (answer === undefined && SECRET.has(question.ask)) return `{"question":{"ask":"${question.ask}"}}`
  if (typeof answer !== 'object' || answer === null) return jsonText(fact)
  if (is('pressure', fact)) {
    const { client } = fact.question
    const asked = client === undefined ? '' : `,"client":${quoted(client)}`
    // The same object until it is measured anew (monitor/guards.ts).
    return `{"question":{"ask":"pressure"${asked}},"answer":${keptText(fact.answer)}}`
  }
  if (is('directory.domain', fact) && fact.answer.kind === 'absent')
    return `{"question":{"ask":"directory.domain","domain":${quoted(fact.question.domain)}},"answer":{"kind":"absent"}}`
  if (is('crashes', fact) && fact.answer.crashes.length === 0) {
    const { question, answer } = fact
    return `{"question":{"ask":"crashes","key":${quoted(question.key)}},"answer":{"crashes":[],"othersInHand":${answer.othersInHand}}}`
  }
  return jsonText(fact)
}

/** Its answer is that of its question: `drive` keeps them paired (ask/ask.ts). */
const is = <K extends QuestionKind>(
  kind: K,
  fact: Fact,
): fact is { readonly question: QuestionOf<K>; readonly answer: Answers[K] } => fact.question.ask === kind
