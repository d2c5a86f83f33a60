// SPDX-License-Identifier: Apache-2.0
/** Tables as they are used: compiled rows with their places, found through an index. */

import type { Pattern } from './pattern.ts'
import type { Place } from './place.ts'
import type { RowIndex } from './row-index.ts'
import type { Template } from './template.ts'

/** One row. A row of a table can be told from all others by its name, which survives changes elsewhere in the file. */
export interface MappingRow extends Place {
  /** Name of the table as written. */
  readonly table: string
  /** From 0, in the order of the table. */
  readonly number: number
  /**
   * `PORT_ACCESS#5f3k2a0q`: made from the texts of pattern and template, so it stays the same when the row moves. Of
   * rows that are written alike the second is `…#5f3k2a0q.2`.
   */
  readonly name: string
  /** As written, continuations joined. */
  readonly patternText: string
  readonly templateText: string
  /** The line of the file it begins in, at most 200 characters. */
  readonly source: string
  /** The place of a character of the template. */
  templatePlace(offset: number): Place
  /** The place of a character of the pattern. */
  patternPlace(offset: number): Place
  readonly pattern: Pattern
  readonly template: Template
}

export interface MappingTable extends Place {
  readonly name: string
  readonly rows: readonly MappingRow[]
  readonly index: RowIndex
}

/** All tables of a site. Names compare without regard to case. */
export class Mappings {
  readonly #tables: ReadonlyMap<string, MappingTable>

  constructor(tables: readonly MappingTable[]) {
    this.#tables = new Map(tables.map((table) => [table.name.toLowerCase(), table]))
  }

  table(name: string): MappingTable | undefined {
    return this.#tables.get(name.toLowerCase())
  }

  /** In the order of the file. */
  tables(): IterableIterator<MappingTable> {
    return this.#tables.values()
  }
}
