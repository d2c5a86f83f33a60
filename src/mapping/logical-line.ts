// SPDX-License-Identifier: Apache-2.0
/**
 * One row of a table, joined from the lines it is continued over. spec mapping-tables.md 1.3: at a join the backslash,
 * the unquoted blanks before it and all blanks behind it go; where that happened while the pattern was open, it ends.
 */
import { isBlank, skipBlanks, trimmedEnd } from './blank.ts'
import type { PlacedText } from './place.ts'

/** Where in the row the text so far has got to. */
type At = 'before' | 'pattern' | 'behind'

export class LogicalLine {
  readonly file: string
  /** The first line as it stands in the file. */
  readonly first: string
  readonly line: number
  readonly column: number
  #text = ''
  readonly #parts: { from: number; line: number; column: number }[] = []
  #at: At = 'before'
  /** The last character was a `$` that quotes the next one. */
  #quoting = false
  #blanksBeforeJoin = false
  #goesOn = true

  constructor(file: string, line: number, first: string) {
    this.file = file
    this.line = line
    this.first = first
    this.column = skipBlanks(first, 0) + 1
    this.add(line, first)
  }

  /** The last line given ended in a backslash. */
  get goesOn(): boolean {
    return this.#goesOn
  }

  get length(): number {
    return this.#text.length
  }

  /** `text` without its line end and without unquoted blanks at its end. */
  add(line: number, text: string): void {
    const start = skipBlanks(text, 0)
    if (this.#at === 'pattern' && (this.#blanksBeforeJoin || start > 0)) this.#append(line, 1, ' ')
    this.#goesOn = text.endsWith('\\')
    const body = this.#goesOn ? text.slice(0, -1) : text
    const end = this.#goesOn ? trimmedEnd(body) : body.length
    this.#blanksBeforeJoin = end < body.length
    if (end > start) this.#append(line, start + 1, body.slice(start, end))
  }

  toPlaced(): PlacedText {
    return { text: this.#text, file: this.file, parts: this.#parts }
  }

  #append(line: number, column: number, text: string): void {
    this.#parts.push({ from: this.#text.length, line, column })
    this.#text += text
    for (const c of text) {
      if (this.#quoting) this.#quoting = false
      else if (c === '$') this.#quoting = true
      else if (isBlank(c)) {
        if (this.#at === 'pattern') this.#at = 'behind'
        continue
      }
      if (this.#at === 'before') this.#at = 'pattern'
    }
  }
}
