// SPDX-License-Identifier: Apache-2.0
/** Text that knows where it stands: a logical line may come from several lines of a file. */

/** A stretch of text that stands in one line of the file. */
interface Part {
  /** Where it begins in the text. */
  readonly from: number
  readonly line: number
  readonly column: number
}

export interface PlacedText {
  readonly text: string
  readonly file: string
  /** Ascending; the first one begins at 0. */
  readonly parts: readonly Part[]
}

/** Lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export function placeAt({ file, parts }: PlacedText, offset: number): Place {
  let found: Part = parts[0] ?? { from: 0, line: 1, column: 1 }
  for (const part of parts) {
    if (part.from > offset) break
    found = part
  }
  return { file, line: found.line, column: found.column + offset - found.from }
}
