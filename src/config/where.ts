// SPDX-License-Identifier: Apache-2.0
/** Where a setting comes from: its place in the file, or that nobody wrote it. Asked once for every decision, so kept. */
import type { DecidedBy } from '../ask/decided-by.ts'
import { lineAt } from './diagnostic.ts'
import type { ConfigFile } from './files.ts'
import { type ConfigInput, valueAt, withDefaults } from './input.ts'
import { walkableSchema } from './json-schema.ts'
import type { Revision } from './revision.ts'
import type { SiteTables } from './site-tables.ts'
import type { Path, YamlSource } from './yaml-source.ts'

/** A revision as loaded: with the bytes it was made of, so that nobody reads a file a second time. */
export interface LoadedRevision extends Revision {
  /** By absolute path: certificate, key, password files, aliases, postern.yaml. */
  readonly files: ReadonlyMap<string, ConfigFile>
  /** By name relative to the directory: the text of each file that was read as text. */
  readonly sources: ReadonlyMap<string, string>
  readonly tables: SiteTables
  /** The configuration as a person would write it out in full: `5m`, not 300000; paths as written. */
  readonly asWritten: unknown
}

/** A line longer than this is cut in traces (ask/decided-by.ts). */
const MAX_TEXT = 200
/** Settings asked for, kept: a few hundred in practice; more come only from a caller that makes paths up. */
const MAX_KEPT = 10_000

export function createWhere(source: YamlSource, input: ConfigInput): Pick<LoadedRevision, 'where' | 'asWritten'> {
  const asWritten = withDefaults(walkableSchema(), input.value)
  /** By name below name: no text is made to look one up. */
  const kept: Kept = { below: new Map() }
  let count = 0
  const find = (path: Path): DecidedBy => {
    const setting = path.join('.')
    const place = source.keyAt(input.written(path))
    if (place === undefined) return { by: 'default', setting, value: asText(valueAt(asWritten, path)) }
    const text = (lineAt(source.text, place.line) ?? '').trimEnd().slice(0, MAX_TEXT)
    return { by: 'config', setting, at: { file: source.file, line: place.line, column: place.column, text } }
  }
  return {
    asWritten,
    where: (...path) => {
      let at: Kept | undefined = kept
      for (const name of path) at = at?.below.get(name)
      if (at?.place !== undefined) return at.place
      const found = find(path)
      if (count++ < MAX_KEPT) keep(kept, path, found)
      return found
    },
  }
}

interface Kept {
  place?: DecidedBy
  readonly below: Map<Path[number], Kept>
}

function keep(root: Kept, path: Path, place: DecidedBy): void {
  let at = root
  for (const name of path) {
    const next = at.below.get(name) ?? { below: new Map() }
    at.below.set(name, next)
    at = next
  }
  at.place = place
}

const asText = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'object' ? JSON.stringify(value) : String(value)
