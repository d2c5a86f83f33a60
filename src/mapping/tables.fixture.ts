// SPDX-License-Identifier: Apache-2.0
/** For tests: tables from rows, probes against them, a host in memory. */
import { loadMappings } from './load.ts'
import { answer, type MappingHost } from './questions.ts'
import type { MappingAnswered, MappingResult } from './result.ts'
import { type RunOptions, runMapping } from './run.ts'
import type { Mappings } from './table.ts'

/** The text of one table. Rows as they stand in a file, without their indentation. */
export const tableText = (name: string, rows: readonly string[]): string =>
  `${name}\n\n${rows.map((row) => `  ${row}\n`).join('')}\n`

export function load(text: string): Mappings {
  const { mappings, problems } = loadMappings({ name: 'mappings', text })
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  return mappings
}

/** `draw` is what `$?x?` draws, from 0 to under 1. */
export interface World extends Omit<MappingHost, 'random'> {
  readonly draw?: number
}

export function runIn(
  mappings: Mappings,
  table: string,
  probe: string,
  { draw = 0.5, ...host }: World = {},
  options: RunOptions = {},
): MappingResult {
  const random = (): string =>
    Math.ceil(draw * 2 ** 48)
      .toString(16)
      .padStart(12, '0')
  const result = answer(runMapping(mappings, table, probe, options), { random, ...host })
  if (result instanceof Promise) throw new Error('the hosts of these tests answer at once')
  return result
}

/** What most tests look at: `FAIL` and `NOMATCH` as the specification writes them. */
export function verdict(result: MappingResult): { output: string; flags: string; state: string } {
  if (result.kind === 'deferred') return { output: '', flags: '', state: `DEFER ${result.cause}` }
  const { matched, failed, output, flags }: MappingAnswered = result
  return { output, flags, state: matched ? (failed ? 'FAIL' : 'ok') : 'NOMATCH' }
}
