// SPDX-License-Identifier: Apache-2.0
/** Offsets of a script as lines and columns. Both count from 1; a column counts UTF-16 units. */

export interface Place {
  readonly script: string
  readonly line: number
  readonly column: number
}

/** A piece of a script. */
export interface Span {
  readonly start: number
  /** Behind the last character. */
  readonly end: number
}

/** Where the lines of a text begin, found once; a place is then a binary search. */
export class LineIndex {
  readonly #starts: number[] = [0]
  /** The line found last: most questions are about it or the next one. */
  #last = 1
  readonly #text: string

  constructor(text: string) {
    this.#text = text
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  /** 1 for the first line. */
  lineOf(offset: number): number {
    if (this.#isIn(this.#last, offset)) return this.#last
    if (this.#isIn(this.#last + 1, offset)) return ++this.#last
    let low = 0
    let high = this.#starts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    this.#last = low + 1
    return this.#last
  }

  #isIn(line: number, offset: number): boolean {
    const start = this.#starts[line - 1]
    return start !== undefined && offset >= start && offset < (this.#starts[line] ?? Number.POSITIVE_INFINITY)
  }

  columnOf(offset: number): number {
    return offset - (this.#starts[this.lineOf(offset) - 1] ?? 0) + 1
  }

  /** The text of a line, without its end. */
  textOf(line: number): string {
    const start = this.#starts[line - 1] ?? this.#text.length
    const next = this.#starts[line]
    const text = this.#text.slice(start, next === undefined ? undefined : next - 1)
    return text.endsWith('\r') ? text.slice(0, -1) : text
  }
}
