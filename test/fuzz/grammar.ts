// SPDX-License-Identifier: Apache-2.0
/**
 * Grammars as functions: each rule writes one random sentence of its language. Sentences are strings with one
 * character for each octet (latin1), so that a grammar may write octets that are no text.
 */
import type { Random } from './random.ts'

export type Rule = (random: Random) => string
export type Part = string | Rule

const run = (part: Part, random: Random): string => (typeof part === 'string' ? part : part(random))

/** Text as the octets of its UTF-8. */
export const utf8 = (text: string): string => Buffer.from(text).toString('latin1')

/** One after the other. */
export const seq =
  (...parts: readonly Part[]): Rule =>
  (random) =>
    parts.map((part) => run(part, random)).join('')

/** One of them. */
export const any =
  (...parts: readonly Part[]): Rule =>
  (random) =>
    run(random.pick(parts), random)

export const maybe =
  (part: Part, probability = 0.5): Rule =>
  (random) =>
    random.chance(probability) ? run(part, random) : ''

/** `min` to `max` times, with `between` in between. */
export const many =
  (part: Part, min: number, max: number, between: Part = ''): Rule =>
  (random) => {
    let text = ''
    const times = min + random.below(max - min + 1)
    for (let i = 0; i < times; i++) text += (i === 0 ? '' : run(between, random)) + run(part, random)
    return text
  }

/** Characters of an alphabet. */
export const chars =
  (alphabet: string, min: number, max: number): Rule =>
  (random) => {
    let text = ''
    for (let left = min + random.below(max - min + 1); left > 0; left--) text += alphabet[random.below(alphabet.length)]
    return text
  }

/** The same piece over and over: what a length limit is for. */
export const repeated =
  (part: Part, max: number): Rule =>
  (random) =>
    run(part, random).repeat(random.below(max + 1))

export const octets = (min: number, max: number): Rule =>
  chars(String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i)), min, max)

/** A rule that may stand within itself, `depth` deep at most; `leaf` stands there. */
export function nested(depth: number, leaf: Part, rule: (inner: Rule) => Rule): Rule {
  let level = 0
  const inner: Rule = (random) => {
    if (level >= depth) return run(leaf, random)
    level++
    try {
      return whole(random)
    } finally {
      level--
    }
  }
  const whole = rule(inner)
  return inner
}

export const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
export const DIGITS = '0123456789'
/** Names that objects have without anybody giving them. */
export const OBJECT_NAMES = any('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__')
/** Numbers at the edges of what holds numbers. */
export const NUMBERS = any(
  '0',
  '1',
  '-1',
  '00',
  '127',
  '128',
  '255',
  '256',
  '65535',
  '65536',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '99999999999999999999',
  '1e9',
  '0x10',
  chars(DIGITS, 1, 6),
)
