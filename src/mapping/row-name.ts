// SPDX-License-Identifier: Apache-2.0
/** Names for rows that stay the same while rows around them come and go: made from what is written in the row. */

/** Names rows of one table. Two rows written alike get different names, in their order. */
export class RowNames {
  readonly #table: string
  readonly #used = new Map<string, number>()

  constructor(table: string) {
    this.#table = table
  }

  next(pattern: string, template: string): string {
    const digits = hash(pattern, template).toString(36)
    const name = `${this.#table}#${digits.padStart(9, '0')}`
    const times = (this.#used.get(name) ?? 0) + 1
    this.#used.set(name, times)
    return times === 1 ? name : `${name}.${times}`
  }
}

/** 46 bits: FNV-1a twice, from two bases. */
function hash(pattern: string, template: string): number {
  let high = 0x811c9dc5
  let low = 0x2b992ddf
  const add = (unit: number): void => {
    high = Math.imul(high ^ unit, 0x01000193)
    low = Math.imul(low ^ unit, 0x01000193)
  }
  for (let i = 0; i < pattern.length; i++) add(pattern.charCodeAt(i))
  add(BETWEEN)
  for (let i = 0; i < template.length; i++) add(template.charCodeAt(i))
  return (high >>> 0) * 0x4000 + (low & 0x3fff)
}

/** Stands between the columns; neither can have it unquoted. */
const BETWEEN = 0x20
