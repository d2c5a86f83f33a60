// SPDX-License-Identifier: Apache-2.0
/**
 * The mapping tables of a site, compiled: what a revision has of `mappings`, with all it includes, and of the general
 * table. Compiled in slices, so that sessions go on meanwhile (design 2.3); reused when no octet of the files changed.
 */
import { dirname, resolve } from 'node:path'
import { setImmediate as turnOfOthers } from 'node:timers/promises'
import {
  type GeneralTable,
  type Include,
  includesOf,
  loadInSlices,
  type MappingProblem,
  Mappings,
  readGeneral,
  type SourceFile,
} from '../mapping/index.ts'
import type { Diagnostic } from './diagnostic.ts'
import { type ConfigFile, decodeText, type ReadConfigFile } from './files.ts'

export interface SiteTables {
  readonly mappings: Mappings
  readonly general: GeneralTable
  /** What was found when they were compiled. */
  readonly diagnostics: readonly Diagnostic[]
}

/** A site without any. */
export const NO_SITE_TABLES: SiteTables = {
  mappings: new Mappings([]),
  general: readGeneral({ name: '', text: '' }),
  diagnostics: [],
}

/** Files of one mappings file at most; the language allows no more includes than that either. */
const MAX_FILES = 1000
/** Work between two turns of others. */
const SLICE_MS = 5

export interface TableFiles {
  /** The main file first. Empty: there is none. */
  readonly files: readonly ConfigFile[]
  /** Why a file that is included could not be read, by its path. */
  readonly unreadable: ReadonlyMap<string, string>
}

/** Reads what a mappings file includes, and what that includes. */
export async function readIncludes(directory: string, main: ConfigFile, read: ReadConfigFile): Promise<TableFiles> {
  const files = [main]
  const unreadable = new Map<string, string>()
  const seen = new Set([main.path])
  for (const file of files)
    for (const spec of includesOf(textOf(file.bytes).text)) {
      const path = includedPath(directory, spec, file)
      if (seen.has(path) || seen.size >= MAX_FILES) continue
      seen.add(path)
      const result = await read(directory, 'mappings', path)
      if (result.kind === 'read') files.push(result.file)
      else unreadable.set(path, result.kind === 'absent' ? 'it is not there' : result.why)
    }
  return { files, unreadable }
}

/**
 * A full path is expected (spec mapping-tables.md 1.1); others count from the file that includes.
 * [U] `IMTA_TABLE:name`, the historical name of the configuration directory, is this one.
 */
function includedPath(directory: string, spec: string, from: Pick<ConfigFile, 'path'>): string {
  const logical = /^IMTA_TABLE:(.*)$/i.exec(spec)
  return logical === null ? resolve(dirname(from.path), spec) : resolve(directory, logical[1] ?? '')
}

/** A historical file may hold Latin-1, in comments mostly: it is read all the same. `badLine`: the first line that is not UTF-8. */
function textOf(bytes: Buffer): { readonly text: string; readonly badLine?: number } {
  const decoded = decodeText(bytes)
  return 'text' in decoded ? decoded : { text: bytes.toString('latin1'), badLine: decoded.badLine }
}

export interface CompiledTables {
  readonly tables: SiteTables
  readonly sources: ReadonlyMap<string, string>
}

/** What was compiled before, with the files it was made of. */
export interface Before {
  readonly tables: SiteTables
  readonly files: ReadonlyMap<string, ConfigFile>
}

export async function compileTables(
  directory: string,
  { files, unreadable }: TableFiles,
  general: ConfigFile | undefined,
  before?: Before,
): Promise<CompiledTables> {
  const diagnostics: Diagnostic[] = []
  const sources = new Map<string, string>()
  const byPath = new Map<string, SourceFile>()
  const sourceOf = (file: ConfigFile): SourceFile => {
    const { text, badLine } = textOf(file.bytes)
    sources.set(file.name, text)
    if (badLine !== undefined) diagnostics.push(notUtf8(file.name, badLine))
    return { name: file.name, text }
  }
  const all = general === undefined ? files : [...files, general]
  const same =
    before !== undefined &&
    unreadable.size === 0 &&
    all.every((file) => before.files.get(file.path)?.bytes.equals(file.bytes) === true) &&
    // Nothing fell away either.
    all.length === [...before.files.values()].filter(({ role }) => role === 'mappings' || role === 'general').length
  for (const file of files) byPath.set(file.path, sourceOf(file))
  const generalSource = general === undefined ? undefined : sourceOf(general)
  if (same) return { tables: before.tables, sources }

  const paths = new Map([...byPath].map(([path, { name }]) => [name, path]))
  const include: Include = (spec, from) => {
    const path = includedPath(directory, spec, { path: paths.get(from.name) ?? directory })
    return byPath.get(path) ?? { missing: unreadable.get(path) ?? 'it was not read' }
  }
  const [main] = byPath.values()
  let mappings = NO_SITE_TABLES.mappings
  if (main !== undefined) {
    const loaded = await inTurns(loadInSlices(main, include))
    diagnostics.push(...loaded.problems.map(diagnosticOf))
    if (loaded.dropped > 0)
      diagnostics.push({
        code: 'mapping-line',
        severity: 'warning',
        file: main.name,
        line: 1,
        column: 1,
        message: `${loaded.dropped} more problems are not listed`,
      })
    mappings = loaded.mappings
  }
  const table = generalSource === undefined ? NO_SITE_TABLES.general : readGeneral(generalSource)
  diagnostics.push(...table.problems.map(diagnosticOf))
  return { tables: { mappings, general: table, diagnostics }, sources }
}

async function inTurns<T>(work: Generator<undefined, T>): Promise<T> {
  let began = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() - began < SLICE_MS) continue
    await turnOfOthers()
    began = performance.now()
  }
}

const diagnosticOf = (problem: MappingProblem): Diagnostic => ({ ...problem })

const notUtf8 = (file: string, line: number): Diagnostic => ({
  code: 'file-encoding',
  severity: 'warning',
  file,
  line,
  column: 1,
  message: 'this line is not UTF-8',
  reason: 'the whole file is read as ISO 8859-1',
  fix: 'save the file as UTF-8',
})
