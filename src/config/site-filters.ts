// SPDX-License-Identifier: Apache-2.0
/**
 * The filters of a site, compiled: those of channels and of the whole MTA (spec filters.md 1, levels 4 and 5), and the
 * engine that scripts of users are compiled with, under the limits of this configuration. A mistake in a script of the
 * site is a mistake of the configuration.
 */
import {
  LEVEL_LIMITS,
  listName,
  SITE_EXTENSIONS,
  type Diagnostic as SieveDiagnostic,
  SieveEngine,
  type SieveExtension,
  type SieveLevel,
  type SieveLimits,
  type SieveProgram,
} from '../sieve/index.ts'
import type { Diagnostic } from './diagnostic.ts'
import { type ConfigFile, decodeText, type NamedFile } from './files.ts'
import { globalScriptName } from './global-scripts.ts'
import type { Config } from './schema.ts'
import type { FilterSettings } from './schema-filters.ts'
import { parseList, type SiteList } from './site-lists.ts'

export interface SiteFilters {
  readonly engine: SieveEngine
  /** For compiling and running scripts of each level. */
  readonly limits: Readonly<Record<SieveLevel, Partial<SieveLimits>>>
  readonly mta?: SieveProgram
  /** By the name of the channel. */
  readonly source: ReadonlyMap<string, SieveProgram>
  readonly destination: ReadonlyMap<string, SieveProgram>
  /** Texts of scripts that others may include, by name (RFC 6609 `:global`). */
  readonly global: ReadonlyMap<string, string>
  /** By name, as `listName` writes it (RFC 6134). */
  readonly lists: ReadonlyMap<string, SiteList>
}

/** What a site without filters has, and more where there are some. */
export type OfSite = Pick<SiteFilters, 'engine' | 'limits'> & Partial<SiteFilters>

/** Of the channel of local addresses (policy/route.ts); empty for none. */
export function subaddressSeparator({ channels }: Pick<Config, 'channels'>): string {
  const local = channels['l']
  return local?.kind === 'local' ? local.subaddress : '+'
}

/** RFC 6131 §2: 0 seconds is "always reply", as the autoreply mode `reply` wants it; budgets of our own mail hold it down. */
const LEAST_VACATION_SECONDS = 0

/** A configuration without filters of its own. @param settings absent: the defaults of the language. @param separator of subaddresses */
export function filterEngine(settings?: FilterSettings, separator = '+'): Pick<SiteFilters, 'engine' | 'limits'> {
  const given = settings?.limits
  const common: Partial<SieveLimits> =
    given === undefined
      ? {}
      : {
          listEntries: given.listEntries,
          vacations: given.vacations,
          notifies: given.notifies,
          variables: given.variables,
          headerEdits: given.headerEdits,
          addtags: given.tags,
          steps: given.steps,
        }
  const users = given === undefined ? {} : { fileintos: given.fileintos, redirects: given.redirects }
  const size = given === undefined ? {} : { scriptBytes: given.scriptSize }
  const system = given === undefined ? {} : { redirects: given.systemRedirects }
  const extensions = extensionsOf(settings)
  const engine = new SieveEngine({
    extensions,
    limits: common,
    config: {
      // A site without subaddresses has no `:detail` either; the language wants a separator, and this one is in no address.
      subaddress: { separators: [separator === '' ? '\0' : separator] },
      ...(extensions.some(({ name }) => name === 'vacation')
        ? { vacation: { minSecondsTag: LEAST_VACATION_SECONDS } }
        : {}),
    },
  })
  const limits = {
    user: { ...LEVEL_LIMITS.user, ...common, ...users, ...size },
    domain: { ...LEVEL_LIMITS.domain, ...common, ...system, ...size },
    system: { ...LEVEL_LIMITS.system, ...common, ...system },
  }
  return { engine, limits }
}

/** spec filters.md 6: an extension that is switched off is one that nobody knows. */
function extensionsOf(settings: FilterSettings | undefined): readonly SieveExtension[] {
  const off = new Set<string>()
  if (settings?.body === false) off.add('body')
  if (settings?.limits.vacations === 0) for (const name of ['vacation', 'vacation-seconds']) off.add(name)
  return SITE_EXTENSIONS.filter(({ name }) => !off.has(name))
}

const inFile = (
  file: string,
  { severity, line, column, endLine, endColumn, message, code }: SieveDiagnostic,
): Diagnostic => ({
  code: 'filter-script',
  severity,
  file,
  line,
  column,
  ...(endLine === line && endColumn > column ? { length: endColumn - column } : {}),
  message: `${message} (${code})`,
})

export function compileFilters(
  files: readonly { readonly named: NamedFile; readonly file: ConfigFile }[],
  globals: readonly ConfigFile[],
  settings: FilterSettings | undefined,
  separator?: string,
): {
  readonly filters: SiteFilters
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: ReadonlyMap<string, string>
} {
  const { engine, limits } = filterEngine(settings, separator)
  const diagnostics: Diagnostic[] = []
  const sources = new Map<string, string>()
  const programs = new Map<string, SieveProgram | undefined>()
  const textOf = ({ name, bytes }: ConfigFile): string | undefined => {
    const text = decodeText(bytes)
    if ('text' in text) return text.text
    const place = { file: name, line: text.badLine, column: 1 }
    diagnostics.push({ code: 'file-encoding', severity: 'error', ...place, message: 'this line is not UTF-8' })
    return undefined
  }
  const tell = (name: string, text: string, found: readonly SieveDiagnostic[]): void => {
    sources.set(name, text)
    diagnostics.push(...found.map((one) => inFile(name, one)))
  }
  const programOf = (file: ConfigFile): SieveProgram | undefined => {
    const { name, path } = file
    if (programs.has(path)) return programs.get(path)
    const text = textOf(file)
    if (text === undefined) return undefined
    const compiled = engine.compile(text, { name, level: 'system', limits: limits.system })
    tell(name, text, compiled.diagnostics)
    programs.set(path, compiled.program)
    return compiled.program
  }
  const global = new Map<string, string>()
  for (const file of globals) {
    const text = textOf(file)
    if (text === undefined) continue
    // One for users may not say what one for the site says, nor the other way round.
    const [first, ...others] = (['system', 'user', 'domain'] as const).map((level) =>
      engine.compile(text, { name: file.name, level, limits: limits[level] }),
    )
    const best = others.find(({ ok }) => ok && first?.ok === false) ?? first
    tell(file.name, text, best?.diagnostics ?? [])
    global.set(globalScriptName(file.path), text)
  }
  const source = new Map<string, SieveProgram>()
  const destination = new Map<string, SieveProgram>()
  let mta: SieveProgram | undefined
  const lists = new Map<string, SiteList>()
  for (const [name, { mapping }] of Object.entries(settings?.lists ?? {}))
    if (mapping !== undefined) lists.set(listName(name), { kind: 'mapping', table: mapping })
  for (const { named, file } of files) {
    if (named.role === 'list') {
      const text = textOf(file)
      if (text !== undefined) lists.set(listName(String(named.setting[2])), parseList(text))
    }
    if (named.role !== 'filter') continue
    const program = programOf(file)
    if (program === undefined) continue
    const [section, channel, keyword] = named.setting
    if (section === 'filters') mta = program
    else if (keyword === 'sourceFilter') source.set(String(channel), program)
    else destination.set(String(channel), program)
  }
  return {
    filters: { engine, limits, source, destination, global, lists, ...(mta === undefined ? {} : { mta }) },
    diagnostics,
    sources,
  }
}
