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
    const text = `${pattern} ${template}`
    const digits = (hash(text, 0x811c9dc5) * 0x4000 + (hash(text, 0x2b992ddf) & 0x3fff)).toString(36)
    const name = `${this.#table}#${digits.padStart(9, '0')}`
    const times = (this.#used.get(name) ?? 0) + 1
    this.#used.set(name, times)
    return times === 1 ? name : `${name}.${times}`
  }
}

/** FNV-1a of 32 bits, from a basis of its own. */
function hash(text: string, basis: number): number {
  let value = basis
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
