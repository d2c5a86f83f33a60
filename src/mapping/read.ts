// SPDX-License-Identifier: Apache-2.0
/**
 * From lines to tables of rows as written: names, blank lines, comments, continuations, columns.
 * spec mapping-tables.md 1. What the columns mean is the matter of `parse-pattern.ts` and `parse-template.ts`.
 */
import { columnEnd } from './blank.ts'
import { FILE_LIMITS } from './limits.ts'
import { LogicalLine } from './logical-line.ts'
import { type Place, placeAt } from './place.ts'
import { error, type Problems, warning } from './problem.ts'
import { type Include, type SourceFile, type SourceLine, sourceLines } from './source-lines.ts'
import { type RawRow, splitRow } from './split-row.ts'

export interface RawTable extends Place {
  /** As first written; names compare without regard to case. */
  readonly name: string
  readonly rows: readonly RawRow[]
}

/** Yields now and then, so that a caller can let others run; comes to the tables in file order. */
export function* readTables(main: SourceFile, include: Include, problems: Problems): Generator<undefined, RawTable[]> {
  const reader = new TableReader(problems)
  const lines = sourceLines(main, include, problems)
  let count = 0
  for (let step = lines.next(false); step.done !== true; step = lines.next(reader.goesOn)) {
    reader.take(step.value)
    if (++count % 512 === 0) yield
  }
  return reader.end()
}

class TableReader {
  readonly #problems: Problems
  readonly #tables: { table: Place & { name: string; rows: RawRow[] }; kept: boolean }[] = []
  readonly #named = new Map<string, Place>()
  #row: LogicalLine | undefined
  /** What the last line was, as far as blank lines matter. */
  #last: 'name' | 'row' | 'blank' = 'blank'
  #toldOfBlank = false

  constructor(problems: Problems) {
    this.#problems = problems
  }

  get goesOn(): boolean {
    return this.#row !== undefined
  }

  take(line: SourceLine): void {
    const { text } = line
    // 1.3 [U]: a comment inside a continued row is skipped.
    if (text.startsWith('!')) {
      // Nothing else.
    } else if (this.#row !== undefined) this.#continue(this.#row, line)
    else if (text === '') this.#last = 'blank'
    else if (/^[ \t]/.test(text)) {
      this.#row = new LogicalLine(line.file, line.line, text)
      if (!this.#row.goesOn) this.#finishRow()
    } else this.#name(line)
    if (line.last && this.#row !== undefined) {
      this.#nothingFollows(this.#row)
      this.#finishRow()
    }
  }

  end(): RawTable[] {
    this.#finishRow()
    return this.#tables.filter(({ kept }) => kept).map(({ table }) => table)
  }

  #continue(row: LogicalLine, line: SourceLine): void {
    if (line.text === '') {
      this.#nothingFollows(row)
      this.#finishRow()
      this.#last = 'blank'
      return
    }
    // Over the limit the rest is read and dropped; the row is reported as a whole.
    if (row.length <= FILE_LIMITS.line) row.add(line.line, line.text)
    else if (!line.text.endsWith('\\')) this.#finishRow()
    if (!row.goesOn) this.#finishRow()
  }

  #nothingFollows(row: LogicalLine): void {
    this.#problems.add(
      row,
      1,
      warning(
        'mapping-continuation',
        'the row ends in a backslash, and nothing follows',
        'The row ends here.',
        'remove the backslash, or add the missing line',
      ),
    )
  }

  #name({ file, line, text }: SourceLine): void {
    const place = { file, line, column: 1 }
    const end = columnEnd(text, 0)
    const name = text.slice(0, end)
    if (!/^[A-Za-z]/.test(name)) {
      this.#problems.add(
        place,
        text.length,
        error(
          'mapping-line',
          'this line is neither a table name nor a row, comment or include',
          'Names begin with a letter in column 1, rows with a blank, comments with !, includes with <.',
          'indent the row, or put ! in front of a comment',
        ),
      )
      // The rows that follow belong to nobody knows which table.
      this.#open(place, name, false)
      return
    }
    this.#checkName(place, name, text.slice(end))
    if (this.#last === 'row')
      this.#blankLine(place, `no blank line before the table ${name}`, 'put a blank line between two tables')
    const key = name.toLowerCase()
    const earlier = this.#named.get(key)
    if (earlier === undefined) this.#named.set(key, place)
    else
      this.#problems.add(
        place,
        name.length,
        error(
          'mapping-duplicate-table',
          `the table ${name} is there already, at ${earlier.file}:${earlier.line}`,
          'Which of the two is meant cannot be known.',
          'put all rows into one of them',
        ),
      )
    this.#open(place, name, earlier === undefined)
  }

  #open(place: Place, name: string, kept: boolean): void {
    this.#tables.push({ table: { ...place, name, rows: [] }, kept })
    this.#last = 'name'
    this.#toldOfBlank = false
  }

  #checkName(place: Place, name: string, rest: string): void {
    if (rest !== '')
      this.#problems.add(
        { ...place, column: name.length + 1 },
        rest.length,
        warning('mapping-table-name', 'text behind a table name', 'It is ignored.', 'move it to a line of its own'),
      )
    if (!/^[A-Za-z0-9_-]+$/.test(name))
      this.#problems.add(
        place,
        name.length,
        warning(
          'mapping-table-name',
          `unusual characters in the table name ${name}`,
          'Names have letters, digits, _ and -.',
          'check that this is meant as a table name',
        ),
      )
  }

  #blankLine(place: Place, message: string, fix: string): void {
    this.#problems.add(place, 1, warning('mapping-blank-line', message, 'It is read as if it were right.', fix))
  }

  #finishRow(): void {
    const row = this.#row
    if (row === undefined) return
    this.#row = undefined
    const placed = row.toPlaced()
    if (placed.text === '') return
    const place = placeAt(placed, 0)
    const open = this.#tables.at(-1)
    if (this.#last === 'name' && open?.kept === true)
      this.#blankLine(place, `no blank line behind the table name ${open.table.name}`, 'put one there')
    if (this.#last === 'blank' && open !== undefined && open.table.rows.length > 0 && !this.#toldOfBlank) {
      this.#blankLine(place, `blank line inside the table ${open.table.name}`, 'remove it, or make it a comment with !')
      this.#toldOfBlank = true
    }
    this.#last = 'row'
    const split = splitRow(placed, row.first, this.#problems)
    if (split === undefined) return
    if (open === undefined)
      this.#problems.add(
        place,
        placed.text.length,
        error(
          'mapping-no-table',
          'a row before any table name',
          'It belongs to no table.',
          'put the name of its table and a blank line in front of it',
        ),
      )
    else open.table.rows.push(split)
  }
}
