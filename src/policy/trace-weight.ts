// SPDX-License-Identifier: Apache-2.0
/**
 * About how many octets a value takes as JSON. Escapes are not counted: JSON writes a character as six octets at most,
 * and whoever reads traces knows (history/lines.ts). To count by writing the JSON, for every step and fact of every
 * message, was a twentieth of a worker's time.
 */

/** Brackets, commas, quotes and a number of usual length. */
const MARKS = 3
const NUMBER = 12

/** Of plain data: no cycles. */
export function weigh(value: unknown): number {
  if (typeof value === 'string') return value.length + MARKS
  if (typeof value !== 'object' || value === null) return NUMBER
  let sum = MARKS
  if (Array.isArray(value)) for (const one of value) sum += weigh(one) + 1
  else for (const [name, field] of Object.entries(value)) if (field !== undefined) sum += name.length + 4 + weigh(field)
  return sum
}
