// SPDX-License-Identifier: Apache-2.0
/** The two columns of a row, and whether they are too long. spec mapping-tables.md 1.2, 1.4. */
import { columnEnd, skipBlanks } from './blank.ts'
import { DOCUMENTED, FILE_LIMITS } from './limits.ts'
import { type Place, type PlacedText, placeAt } from './place.ts'
import { error, type Problems, warning } from './problem.ts'
import { BLANKS_BEHIND_COMMAS_OF_CALLS } from './unsure.ts'

/** A row as written, continuations joined. */
export interface RawRow extends Place {
  readonly pattern: string
  readonly template: string
  /** The whole row; the pattern stands at its beginning. */
  readonly placed: PlacedText
  /** Where the template begins in it. */
  readonly templateFrom: number
  /** The first line of it in the file, at most 200 characters. */
  readonly source: string
}

/** 1.4: the pattern up to the first unquoted blank, the template up to the next one. */
export function splitRow(placed: PlacedText, first: string, problems: Problems): RawRow | undefined {
  const { text } = placed
  const patternEnd = columnEnd(text, 0)
  const templateStart = skipBlanks(text, patternEnd)
  const templateEnd = endOfTemplate(text, templateStart)
  const pattern = text.slice(0, patternEnd)
  const template = text.slice(templateStart, templateEnd)
  if (templateStart === text.length)
    problems.add(
      placeAt(placed, 0),
      patternEnd,
      warning(
        'mapping-columns',
        'a row without a template',
        'It matches, writes nothing and sets no flag.',
        'write the template behind a blank; write $ in front of blanks that belong to the pattern',
      ),
    )
  const rest = skipBlanks(text, templateEnd)
  if (rest < text.length)
    problems.add(
      placeAt(placed, rest),
      text.length - rest,
      warning(
        'mapping-columns',
        'text behind the end of the template',
        'An unquoted blank ends the template; the rest is ignored.',
        'write $ in front of each blank that belongs to the template',
      ),
    )
  if (!fits(placed, pattern.length, templateStart, template.length, problems)) return undefined
  const { file, line, column } = placeAt(placed, 0)
  const source = first.slice(0, 200)
  return { file, line, column, pattern, template, placed, templateFrom: templateStart, source }
}

function endOfTemplate(text: string, from: number): number {
  let end = columnEnd(text, from)
  while (BLANKS_BEHIND_COMMAS_OF_CALLS && end < text.length && text[end - 1] === ',' && inCall(text, from, end))
    end = columnEnd(text, skipBlanks(text, end))
  return end
}

/** Is a `$[` open at `end`? */
function inCall(text: string, from: number, end: number): boolean {
  let open = false
  for (let at = from; at < end; at++) {
    if (text[at] === ']') open = false
    else if (text[at] === '$' && text[++at] === '[') open = true
  }
  return open
}

function fits(row: PlacedText, pattern: number, templateFrom: number, template: number, problems: Problems): boolean {
  let fit = true
  for (const [what, from, length, limit, documented] of [
    ['line', 0, row.text.length, FILE_LIMITS.line, DOCUMENTED.line],
    ['pattern', 0, pattern, FILE_LIMITS.pattern, DOCUMENTED.pattern],
    ['template', templateFrom, template, FILE_LIMITS.template, DOCUMENTED.template],
  ] as const) {
    if (length <= documented) continue
    const over = length > limit
    const make = over ? error : warning
    fit &&= !over
    problems.add(
      placeAt(row, from),
      length,
      make(
        'mapping-too-long',
        `a ${what} of ${length} characters; ${over ? `more than ${limit} are not read` : `the documented limit is ${documented}`}`,
        over ? 'The row is left out.' : 'It is taken whole here; the historical server would not.',
        'split the row, or move the data to the general database',
      ),
    )
  }
  return fit
}
