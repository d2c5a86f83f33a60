// SPDX-License-Identifier: Apache-2.0
/** One question to one mapping table, as a stage would ask it, on a copy of the world. */
import { drive } from '../ask/ask.ts'
import { type MappingResult, runMapping, within } from '../mapping/index.ts'
import { mappingAdapter } from '../policy/access/adapter.ts'
import { CopiedWorld } from './copied-world.ts'
import type { Site } from './site.ts'

export interface TableQuestion {
  readonly table: string
  readonly probe: string
  /** Input flags. */
  readonly input?: string
}

export async function probeTable(
  { revision, reads, callOuts }: Site,
  { table, probe, input = '' }: TableQuestion,
): Promise<MappingResult> {
  const { tables, config } = revision
  if (tables === undefined) throw new Error(`revision ${revision.id} has no mapping tables`)
  const running = runMapping(tables.mappings, table, probe, { input, truncateCalls: config.access.truncateCalls })
  return await drive(within(running, mappingAdapter(revision)), new CopiedWorld(reads, callOuts()).host)
}

/** What scripts get, with exactly these names. A table that nobody could ask to its end has neither text nor row. */
export interface ProbeJson {
  readonly matched: boolean
  readonly failed: boolean
  readonly output: string
  readonly flags: string
  readonly row: { readonly file: string; readonly line: number } | null
  readonly steps: MappingResult['steps']
}

export function probeJson(result: MappingResult): ProbeJson {
  const { steps } = result
  if (result.kind === 'deferred') return { matched: false, failed: true, output: '', flags: '', row: null, steps }
  const { matched, failed, output, flags, row } = result
  return { matched, failed, output, flags, row: row === undefined ? null : { file: row.file, line: row.line }, steps }
}
