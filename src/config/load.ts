// SPDX-License-Identifier: Apache-2.0
/**
 * From a directory to a revision, or to everything that is wrong with it: all errors of all files at once. Reads each
 * file once; touches nothing but the files of the configuration.
 */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { checkChannels } from './checks/channels.ts'
import { runChecks } from './checks/check.ts'
import { checkDirectory } from './checks/directory.ts'
import { checkCounterTables, checkDnsLists } from './checks/dns-lists.ts'
import { checkFilterLists } from './checks/filter-lists.ts'
import { checkInternalIp } from './checks/internal-ip.ts'
import { checkLimits } from './checks/limits.ts'
import { checkListeners } from './checks/listeners.ts'
import { checkNetworks } from './checks/networks.ts'
import { checkRoutes } from './checks/routes.ts'
import { checkSecrets } from './checks/secrets.ts'
import { checkServer } from './checks/server.ts'
import type { DiagnosticCode } from './codes.ts'
import { deepFreeze, resolvePaths } from './config-values.ts'
import { compareDiagnostics, type Diagnostic } from './diagnostic.ts'
import {
  CONFIG_FILE,
  type ConfigFile,
  decodeText,
  type FileRole,
  type ReadConfigFile,
  readConfigFile,
  readNamedFiles,
} from './files.ts'
import { type ListFolder, listFolder, readGlobalScripts } from './global-scripts.ts'
import { mergeStock } from './input.ts'
import { isRecord } from './json-schema.ts'
import type { RevisionId } from './revision.ts'
import { ConfigSchema } from './schema.ts'
import { compileFilters, subaddressSeparator } from './site-filters.ts'
import { checkSrs, siteSrs } from './site-srs.ts'
import { compileTables, readIncludes, type TableFiles } from './site-tables.ts'
import { createWhere, type LoadedRevision } from './where.ts'
import { readYaml } from './yaml-source.ts'
import { diagnosticsOf } from './zod-issues.ts'

/** What a checker found wrong in the text of a file. */
export interface FileProblem {
  readonly line: number
  readonly column: number
  readonly length?: number
  readonly severity?: 'warning'
  readonly message: string
  readonly reason?: string
  readonly fix?: string
}

/** Reads files of one role; for languages that live above configuration. */
export interface FileChecker {
  readonly role: FileRole
  readonly code: DiagnosticCode
  check(text: string, file: string): readonly FileProblem[]
}

export interface LoadOptions {
  /** Wall-clock milliseconds, for the validity of certificates. */
  readonly now: () => number
  readonly checkers?: readonly FileChecker[]
  /** Where files come from, when not from the disk as it is now. */
  readonly read?: ReadConfigFile
  /** What is in a folder, likewise. */
  readonly list?: ListFolder
  /** A revision of before: what did not change is not compiled again. */
  readonly before?: LoadedRevision
}

/** `revision` is absent when there is an error. `sources`: the text of each file a diagnostic may name. */
export type Loaded = {
  readonly revision?: LoadedRevision
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: ReadonlyMap<string, string>
}

export async function loadRevision(directory: string, options: LoadOptions): Promise<Loaded> {
  const root = resolve(directory)
  const sources = new Map<string, string>()
  const { read = readConfigFile, list = listFolder } = options
  const main = await read(root, 'config', resolve(root, CONFIG_FILE))
  const first = { severity: 'error', file: CONFIG_FILE, line: 1, column: 1 } as const
  if (main.kind === 'absent')
    return {
      diagnostics: [
        {
          ...first,
          code: 'file-missing',
          message: `there is no ${CONFIG_FILE} in ${root}`,
          fix: '`postern init` writes one; `--config DIR` names another directory',
        },
      ],
      sources,
    }
  if (main.kind === 'refused') return { diagnostics: [{ ...first, code: main.code, message: main.why }], sources }
  const decoded = decodeText(main.file.bytes)
  if ('badLine' in decoded) return { diagnostics: [notUtf8(CONFIG_FILE, decoded.badLine)], sources }

  const source = readYaml(CONFIG_FILE, decoded.text)
  sources.set(CONFIG_FILE, decoded.text)
  if (source.diagnostics.length > 0) return { diagnostics: source.diagnostics, sources }
  if (source.value === null || !isRecord(source.value))
    return {
      diagnostics: [{ ...first, code: 'wrong-type', message: `${CONFIG_FILE} is not a map of keys and values` }],
      sources,
    }

  const input = mergeStock(source)
  const parsed = ConfigSchema.safeParse(input.value)
  const named = await readNamedFiles(root, source, input, read)
  const globals = await readGlobalScripts(root, source, input, read, list)
  const checks = [
    checkServer(root),
    checkListeners,
    checkNetworks,
    checkChannels,
    checkLimits,
    checkDirectory,
    checkRoutes,
    checkDnsLists,
    checkCounterTables,
    checkSecrets(named.files, options.now()),
    checkSrs(named.files),
  ]
  const diagnostics: Diagnostic[] = [
    ...input.badNames.map(
      ({ name, twice }): Diagnostic => ({
        code: twice ? 'duplicate-channel' : 'bad-name',
        severity: 'error',
        file: CONFIG_FILE,
        ...(source.keyAt(['channels', name]) ?? { line: 1, column: 1 }),
        message: twice ? `\`${name}\` is configured twice` : `\`${name}\` is not a name for a channel`,
        ...(twice
          ? { reason: 'tcp_internal and tcp_intranet are one channel, and case does not count' }
          : { fix: 'a letter, then letters, digits, _ and -, 32 in all' }),
      }),
    ),
    ...(parsed.success ? [] : diagnosticsOf(parsed.error.issues, source, input)),
    ...named.diagnostics,
    ...globals.diagnostics,
    ...runChecks(checks, source, input),
  ]
  for (const { file } of named.files) {
    for (const checker of (options.checkers ?? []).filter(({ role }) => role === file.role)) {
      const text = decodeText(file.bytes)
      if ('badLine' in text) {
        diagnostics.push(notUtf8(file.name, text.badLine))
        continue
      }
      sources.set(file.name, text.text)
      for (const problem of checker.check(text.text, file.name))
        diagnostics.push({ code: checker.code, severity: 'error', ...problem, file: file.name })
    }
  }
  const included = await tableFiles(root, named.files, read)
  const { tables, sources: texts } = await compileTables(root, included.tables, included.general, options.before)
  diagnostics.push(
    ...tables.diagnostics,
    ...checkInternalIp(tables, source, input),
    ...checkFilterLists(tables, source, input),
  )
  for (const [name, text] of texts) sources.set(name, text)
  const filters = compileFilters(
    named.files,
    globals.files,
    parsed.success ? parsed.data.filters : undefined,
    parsed.success ? subaddressSeparator(parsed.data) : undefined,
  )
  diagnostics.push(...filters.diagnostics)
  for (const [name, text] of filters.sources) sources.set(name, text)
  diagnostics.sort(compareDiagnostics)
  if (!parsed.success || diagnostics.some((d) => d.severity === 'error')) return { diagnostics, sources }

  const files = [main.file, ...named.files.map(({ file }) => file), ...globals.files, ...included.tables.files]
  const srs = siteSrs(parsed.data, named.files)
  const revision: LoadedRevision = {
    id: revisionId(files),
    directory: root,
    config: deepFreeze(resolvePaths(root, parsed.data)),
    ...createWhere(source, input),
    files: new Map(files.map((file) => [file.path, file])),
    sources,
    tables,
    filters: filters.filters,
    ...(srs === undefined ? {} : { srs }),
  }
  return { revision, diagnostics, sources }
}

/** The mappings file, what it includes, and the general table. */
async function tableFiles(
  root: string,
  named: readonly { readonly file: ConfigFile }[],
  read: ReadConfigFile,
): Promise<{ readonly tables: TableFiles; readonly general: ConfigFile | undefined }> {
  const of = (role: FileRole) => named.find(({ file }) => file.role === role)?.file
  const main = of('mappings')
  const tables = main === undefined ? { files: [], unreadable: new Map() } : await readIncludes(root, main, read)
  return { tables, general: of('general') }
}

/** The same name for the same files, whatever order they were named in. */
function revisionId(files: readonly ConfigFile[]): RevisionId {
  const hash = createHash('sha256')
  const seen = new Set<string>()
  for (const { name, bytes } of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (seen.has(name)) continue
    seen.add(name)
    hash.update(`${Buffer.byteLength(name)}:${bytes.length}:${name}`).update(bytes)
  }
  return hash.digest('hex').slice(0, 12) as RevisionId
}

const notUtf8 = (file: string, line: number): Diagnostic => ({
  code: 'file-encoding',
  severity: 'error',
  file,
  line,
  column: 1,
  message: 'this line is not UTF-8',
  fix: 'save the file as UTF-8',
})
