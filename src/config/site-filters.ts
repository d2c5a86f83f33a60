// SPDX-License-Identifier: Apache-2.0
/**
 * The filters of a site, compiled: those of channels and of the whole MTA (spec filters.md 1, levels 4 and 5), and the
 * engine that scripts of users are compiled with, under the limits of this configuration. A mistake in a script of the
 * site is a mistake of the configuration.
 */
import {
  LEVEL_LIMITS,
  SITE_EXTENSIONS,
  SieveEngine,
  type SieveExtension,
  type SieveLevel,
  type SieveLimits,
  type SieveProgram,
} from '../sieve/index.ts'
import type { Diagnostic } from './diagnostic.ts'
import { type ConfigFile, decodeText, type NamedFile } from './files.ts'
import type { Config } from './schema.ts'
import type { FilterSettings } from './schema-filters.ts'

export interface SiteFilters {
  readonly engine: SieveEngine
  /** For compiling and running scripts of each level. */
  readonly limits: Readonly<Record<SieveLevel, Partial<SieveLimits>>>
  readonly mta?: SieveProgram
  /** By the name of the channel. */
  readonly source: ReadonlyMap<string, SieveProgram>
  readonly destination: ReadonlyMap<string, SieveProgram>
}

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

export function compileFilters(
  files: readonly { readonly named: NamedFile; readonly file: ConfigFile }[],
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
  const programOf = ({ name, path, bytes }: ConfigFile): SieveProgram | undefined => {
    if (programs.has(path)) return programs.get(path)
    const text = decodeText(bytes)
    if ('badLine' in text) {
      const place = { file: name, line: text.badLine, column: 1 }
      diagnostics.push({ code: 'file-encoding', severity: 'error', ...place, message: 'this line is not UTF-8' })
      return undefined
    }
    sources.set(name, text.text)
    const compiled = engine.compile(text.text, { name, level: 'system', limits: limits.system })
    for (const { severity, line, column, endLine, endColumn, message, code } of compiled.diagnostics)
      diagnostics.push({
        code: 'filter-script',
        severity,
        file: name,
        line,
        column,
        ...(endLine === line && endColumn > column ? { length: endColumn - column } : {}),
        message: `${message} (${code})`,
      })
    programs.set(path, compiled.program)
    return compiled.program
  }
  const source = new Map<string, SieveProgram>()
  const destination = new Map<string, SieveProgram>()
  let mta: SieveProgram | undefined
  for (const { named, file } of files) {
    if (named.role !== 'filter') continue
    const program = programOf(file)
    if (program === undefined) continue
    const [section, channel, keyword] = named.setting
    if (section === 'filters') mta = program
    else if (keyword === 'sourceFilter') source.set(String(channel), program)
    else destination.set(String(channel), program)
  }
  return {
    filters: { engine, limits, source, destination, ...(mta === undefined ? {} : { mta }) },
    diagnostics,
    sources,
  }
}
