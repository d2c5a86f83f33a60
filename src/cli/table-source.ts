// SPDX-License-Identifier: Apache-2.0
/** Which mapping tables a command is about: those of the configuration, or of files that are named. */
import { formatDiagnostics } from '../config/diagnostic.ts'
import { bareSite, loadTables, type TableFilesAt } from '../hypothetical/bare-site.ts'
import { openSite } from '../hypothetical/open-site.ts'
import type { OpenedSite } from '../hypothetical/site-of.ts'
import type { Mappings } from '../mapping/index.ts'
import type { Cli } from './cli.ts'
import { complainAbout, load } from './configuration.ts'
import { Finding } from './exit.ts'

export interface TablesOptions extends TableFilesAt {
  readonly offline?: true
}

/** @throws Finding when a file does not load; its diagnostics have been printed */
export async function openTables(
  options: TablesOptions,
  cli: Cli,
): Promise<OpenedSite & { readonly mappings: Mappings }> {
  const site = await siteOf(options, cli)
  const mappings = site.revision.tables?.mappings
  if (mappings === undefined) throw new Error('a site without tables')
  return { ...site, mappings }
}

async function siteOf(options: TablesOptions, cli: Cli): Promise<OpenedSite> {
  const offline = options.offline === true
  if (options.mappings === undefined && options.general === undefined) {
    const loaded = await load(cli.directory())
    complainAbout(loaded, cli)
    if (loaded.revision === undefined) throw new Finding('the configuration has errors')
    return openSite(loaded.revision, { offline })
  }
  const files = await read(options)
  const errors = files.diagnostics.some(({ severity }) => severity === 'error')
  if (files.diagnostics.length > 0)
    cli.complain(formatDiagnostics(files.diagnostics, files.sources, { color: cli.errorColor }))
  if (errors) throw new Finding('the tables have errors')
  if (options.mappings !== undefined) return bareSite(files, offline)
  // Another general table for the tables of the configuration.
  const loaded = await load(cli.directory())
  if (loaded.revision === undefined) {
    complainAbout(loaded, cli)
    throw new Finding('the configuration has errors')
  }
  const tables = { ...loaded.revision.tables, general: files.tables.general }
  return openSite({ ...loaded.revision, tables }, { offline })
}

async function read(options: TablesOptions): ReturnType<typeof loadTables> {
  try {
    return await loadTables(options)
  } catch (error) {
    if (error instanceof Error && error.name === 'UnreadableTables') throw new Finding(error.message)
    throw error
  }
}
