// SPDX-License-Identifier: Apache-2.0
/** A fact as JSON in ASCII. */
import type { Fact } from '../ask/ask.ts'
import { SECRET } from '../ask/questions.ts'
import { jsonText, keptText } from './json-text.ts'

export function factText(fact: Fact): string {
  const { question, answer } = fact
  if (question.ask === 'now') return `{"question":{"ask":"now"},"answer":${jsonText(answer)}}`
  if (answer === undefined && SECRET.has(question.ask)) return `{"question":{"ask":"${question.ask}"}}`
  // The same object until it is measured anew (monitor/guards.ts).
  if (question.ask === 'pressure' && typeof answer === 'object' && answer !== null)
    return `{"question":${jsonText(question)},"answer":${keptText(answer)}}`
  return jsonText(fact)
}
