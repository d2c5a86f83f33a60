// SPDX-License-Identifier: Apache-2.0
/** Tables as they are used: compiled rows with their places, found through an index. */
import type { Pattern } from './pattern.ts'
import { type Place, type PlacedText, placeAt } from './place.ts'
import type { RowRef } from './result.ts'
import type { RowIndex } from './row-index.ts'
import { Scratch } from './scratch.ts'
import type { RawRow } from './split-row.ts'
import type { Template } from './template.ts'

/** One row. */
export class MappingRow implements Place {
  /** Name of the table as written. */
  readonly table: string
  /** From 0, in the order of the table. */
  readonly number: number
  /**
   * `PORT_ACCESS#5f3k2a0q1`: made from the texts of pattern and template, so it stays the same when rows around it come
   * and go. Of rows that are written alike the second is `…#5f3k2a0q1.2`.
   */
  readonly name: string
  readonly file: string
  readonly line: number
  readonly column: number
  /** As written, continuations joined. */
  readonly patternText: string
  readonly templateText: string
  /** The line of the file it begins in, at most 200 characters. */
  readonly source: string
  readonly pattern: Pattern
  readonly template: Template
  readonly #placed: PlacedText
  readonly #templateFrom: number
  #ref: RowRef | undefined

  constructor(table: string, number: number, name: string, raw: RawRow, pattern: Pattern, template: Template) {
    this.table = table
    this.number = number
    this.name = name
    this.file = raw.file
    this.line = raw.line
    this.column = raw.column
    this.patternText = raw.pattern
    this.templateText = raw.template
    this.source = raw.source
    this.pattern = pattern
    this.template = template
    this.#placed = raw.placed
    this.#templateFrom = raw.templateFrom
  }

  /** As results name it. Made when it is first asked for: most rows of a long table never are. */
  get ref(): RowRef {
    const { table, name, file, line, column, source: text } = this
    this.#ref ??= { table, name, file, line, column, text }
    return this.#ref
  }

  /** The place of a character of the pattern. */
  patternPlace(offset: number): Place {
    return placeAt(this.#placed, offset)
  }

  /** The place of a character of the template. */
  templatePlace(offset: number): Place {
    return placeAt(this.#placed, this.#templateFrom + offset)
  }
}

export interface MappingTable extends Place {
  readonly name: string
  readonly rows: readonly MappingRow[]
  readonly index: RowIndex
}

/** All tables of a site. Names compare without regard to case. */
export class Mappings {
  readonly #tables: ReadonlyMap<string, MappingTable>
  /** For the matcher alone. */
  readonly scratch = new Scratch()

  constructor(tables: readonly MappingTable[]) {
    this.#tables = new Map(tables.map((table) => [table.name.toLowerCase(), table]))
  }

  table(name: string): MappingTable | undefined {
    return this.#tables.get(name.toLowerCase())
  }

  /** The row of this name, see `MappingRow.name`. Looks through its table. */
  row(name: string): MappingRow | undefined {
    return this.table(name.slice(0, name.lastIndexOf('#')))?.rows.find((row) => row.name === name)
  }

  /** In the order of the file. */
  tables(): IterableIterator<MappingTable> {
    return this.#tables.values()
  }
}
