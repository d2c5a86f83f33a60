// SPDX-License-Identifier: Apache-2.0
/** What policy tests came to, for people: what was expected, what came, and the ladder that says why. */
import { clean } from '../../history/clean.ts'
import { renderLadder } from '../../history/history.ts'
import { colours } from '../../history/paint.ts'
import type { Mappings } from '../../mapping/index.ts'
import type { TestRun } from './run-tests.ts'

export interface RenderOptions {
  readonly color: boolean
  readonly mappings?: Mappings
  /** Tests that are fine are named too. */
  readonly all?: boolean
}

export function renderTests({ results, problems }: TestRun, { color, mappings, all = false }: RenderOptions): string {
  const paint = colours(color)
  const lines: string[] = problems.map(
    ({ file, line, message }) => `${paint('red', 'error')}  ${clean(file)}:${line}  ${clean(message)}`,
  )
  for (const { test, differences, hypothesis } of results) {
    const name = `${clean(test.file)}:${test.line}  ${clean(test.name)}`
    if (differences.length === 0) {
      if (all) lines.push(`${paint('green', 'fine')}   ${name}`)
      continue
    }
    lines.push(`${paint('red', 'FAILED')} ${name}`)
    for (const { what, expected, was } of differences)
      lines.push(
        `  ${what}`,
        `    ${paint('green', `+ expected ${clean(expected)}`)}`,
        `    ${paint('red', `- was      ${clean(was)}`)}`,
      )
    if (hypothesis !== undefined)
      lines.push(
        ...renderLadder(hypothesis.traces, { color, mappings })
          .trimEnd()
          .split('\n')
          .map((line) => `  ${line}`),
      )
  }
  return lines.join('\n')
}
