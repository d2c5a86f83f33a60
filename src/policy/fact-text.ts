// SPDX-License-Identifier: Apache-2.0
/** A fact as JSON in ASCII. */
import type { Fact } from '../ask/ask.ts'
import type { Pressure } from '../ask/pressure.ts'
import { SECRET } from '../ask/questions.ts'
import { jsonText } from './json-text.ts'

/** An answer that is the same object as before is written once. */
const pressures = new WeakMap<Pressure, string>()

function pressureText(pressure: Pressure): string {
  const known = pressures.get(pressure)
  if (known !== undefined) return known
  const text = jsonText(pressure)
  pressures.set(pressure, text)
  return text
}

export function factText(fact: Fact): string {
  const { question, answer } = fact
  if (question.ask === 'now') return `{"question":{"ask":"now"},"answer":${jsonText(answer)}}`
  if (answer === undefined && SECRET.has(question.ask)) return `{"question":{"ask":"${question.ask}"}}`
  if (question.ask === 'pressure')
    return `{"question":${jsonText(question)},"answer":${pressureText(answer as Pressure)}}`
  return jsonText(fact)
}
