// SPDX-License-Identifier: Apache-2.0
/** A site of mapping tables alone, without a configuration: for whoever asks one table of some file. */
import { dirname, resolve } from 'node:path'
import { type ConfigFile, type FileRole, readConfigFile } from '../config/files.ts'
import type { Loaded } from '../config/load.ts'
import type { Revision, RevisionId } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import { compileTables, readIncludes, type SiteTables } from '../config/site-tables.ts'
import { NOBODY, type OpenedSite, resolverOf, siteOf } from './site-of.ts'

/** Files as they are named by whoever asks. */
export interface TableFilesAt {
  readonly mappings?: string
  readonly general?: string
}

export type LoadedTables = Pick<Loaded, 'diagnostics' | 'sources'> & {
  readonly tables: SiteTables
  /** The folder that names in the files count from. */
  readonly directory: string
}

/** A file that is named and cannot be read. */
export class UnreadableTables extends Error {
  override readonly name = 'UnreadableTables'
}

/** Reads and compiles; what is wrong is in `diagnostics`. @throws UnreadableTables */
export async function loadTables({ mappings, general }: TableFilesAt, cwd = '.'): Promise<LoadedTables> {
  const directory = mappings === undefined ? resolve(cwd) : dirname(resolve(cwd, mappings))
  const main = mappings === undefined ? undefined : await read(cwd, mappings, 'mappings')
  const files =
    main === undefined ? { files: [], unreadable: new Map() } : await readIncludes(directory, main, readConfigFile)
  const table = general === undefined ? undefined : await read(cwd, general, 'general')
  const { tables, sources } = await compileTables(directory, files, table)
  return { tables, sources, diagnostics: tables.diagnostics, directory }
}

/** Named as it was asked for, so that places can be opened from where one is. */
async function read(cwd: string, name: string, role: FileRole): Promise<ConfigFile> {
  const path = resolve(cwd, name)
  const result = await readConfigFile(dirname(path), role, path)
  if (result.kind === 'read') return { ...result.file, name }
  throw new UnreadableTables(`cannot read ${name}: ${result.kind === 'absent' ? 'it is not there' : result.why}`)
}

/** No domains, no users, no limits of its own. */
export function bareSite(
  { tables, directory }: Pick<LoadedTables, 'tables' | 'directory'>,
  offline = false,
): OpenedSite {
  const stack = new AsyncDisposableStack()
  const config = ConfigSchema.parse({ server: { hostname: 'localhost' }, listeners: {} })
  const revision: Revision = {
    id: 'tables' as RevisionId,
    directory,
    config,
    tables,
    where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
  }
  const resolver = resolverOf(config.dns, offline, stack)
  return siteOf({ revision, tls: false, directory: NOBODY, resolver, now: Date.now, stack })
}
