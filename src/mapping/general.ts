// SPDX-License-Identifier: Apache-2.0
/**
 * The general table, `general.txt`: what `${key}` in a template looks up. spec mapping-tables.md 4.10. One entry a
 * line, key and value separated by blanks; `!` in column 1 begins a comment. Keys compare without regard to case.
 */
import { isBlank, skipBlanks, trimmedEnd } from './blank.ts'
import { fold } from './character-set.ts'
import { FILE_LIMITS } from './limits.ts'
import type { Place } from './place.ts'
import { compareProblems, type MappingProblem, Problems, warning } from './problem.ts'
import type { SourceFile } from './source-lines.ts'

export interface GeneralTable {
  readonly size: number
  readonly problems: readonly MappingProblem[]
  /** The right side of a key, as written: a template. */
  get(key: string): string | undefined
  /** Where an entry stands. */
  placeOf(key: string): Place | undefined
}

/** The first of several entries of one key counts. */
export function readGeneral({ name, text }: SourceFile): GeneralTable {
  const problems = new Problems()
  const entries = new Map<string, { readonly value: string; readonly line: number; readonly column: number }>()
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const whole = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    const line = whole.slice(0, trimmedEnd(whole))
    if (line === '' || line.startsWith('!')) continue
    const start = skipBlanks(line, 0)
    let end = start
    while (end < line.length && !isBlank(line[end])) end++
    const place = { file: name, line: i + 1, column: start + 1 }
    const key = fold(line.slice(start, end))
    const earlier = entries.get(key)
    if (earlier !== undefined)
      problems.add(
        place,
        end - start,
        warning(
          'general-line',
          `the key ${line.slice(start, end)} is there already, in line ${earlier.line}`,
          'The first one counts.',
          'remove one of them',
        ),
      )
    else entries.set(key, { value: line.slice(skipBlanks(line, end)), line: place.line, column: place.column })
    if (line.length > FILE_LIMITS.template)
      problems.add(
        place,
        line.length,
        warning(
          'mapping-too-long',
          `an entry of ${line.length} characters`,
          'No output may be that long.',
          'shorten it',
        ),
      )
  }
  return {
    size: entries.size,
    problems: problems.list.sort(compareProblems),
    get: (key) => entries.get(fold(key))?.value,
    placeOf: (key) => {
      const entry = entries.get(fold(key))
      return entry === undefined ? undefined : { file: name, line: entry.line, column: entry.column }
    },
  }
}
