// SPDX-License-Identifier: Apache-2.0
/** Which templates a command is about, and what is filled in. */
import { join, relative } from 'node:path'
import type { Diagnostic as ConfigDiagnostic } from '../config/diagnostic.ts'
import type { Revision } from '../config/revision.ts'
import { filterEngine } from '../config/site-filters.ts'
import {
  type FieldProblem,
  loadTemplates,
  SHIPPED_TEMPLATES,
  type Template,
  type TemplatesLoaded,
} from '../policy/filters/templates/index.ts'
import type { Cli } from './cli.ts'
import { Finding, UsageError } from './exit.ts'
import { type Language, languageOf } from './filter-engine.ts'
import { complainAbout } from './filter-script.ts'
import { clean } from './output.ts'

/** Those that come with Postern, and those of the configuration, if there is one. Mistakes are printed. */
export async function siteTemplates(cli: Cli, language: Language): Promise<TemplatesLoaded> {
  const folders = [SHIPPED_TEMPLATES, join(cli.directory(), 'templates')]
  const loaded = await loadTemplates(folders, language)
  for (const diagnostic of loaded.diagnostics)
    complainAbout(cli, [diagnostic], loaded.sources.get(diagnostic.scriptName) ?? '')
  return loaded
}

/** What is wrong with the templates of a configuration, in the form of its other diagnostics. */
export async function checkOwnTemplates(
  directory: string,
  revision: Revision | undefined,
): Promise<{ readonly diagnostics: readonly ConfigDiagnostic[]; readonly sources: ReadonlyMap<string, string> }> {
  const folder = join(directory, 'templates')
  const loaded = await loadTemplates([folder], languageOf(revision?.filters ?? filterEngine(), 'user'))
  const name = (file: string): string => relative(directory, file)
  return {
    diagnostics: loaded.diagnostics.map(({ severity, scriptName, line, column, endLine, endColumn, message }) => ({
      code: 'filter-script',
      severity,
      file: name(scriptName),
      line,
      column,
      ...(endLine === line && endColumn > column ? { length: endColumn - column } : {}),
      message,
    })),
    sources: new Map([...loaded.sources].map(([file, text]) => [name(file), text])),
  }
}

/** @throws Finding */
export function requireTemplate({ templates }: TemplatesLoaded, name: string): Template {
  const found = templates.get(name)
  if (found !== undefined) return found
  throw new Finding(`there is no template ${clean(name)}; there are ${[...templates.keys()].join(', ')}`)
}

/** `field=answer`; a field that is set again becomes a list. @throws UsageError */
export function readSettings(set: readonly string[]): Readonly<Record<string, unknown>> {
  const answers = new Map<string, string[]>()
  for (const setting of set) {
    const at = setting.indexOf('=')
    if (at < 1) throw new UsageError(`"${clean(setting)}" is no answer: FIELD=ANSWER`)
    const field = setting.slice(0, at)
    answers.set(field, [...(answers.get(field) ?? []), setting.slice(at + 1)])
  }
  return Object.fromEntries([...answers].map(([field, all]) => [field, all.length === 1 ? all[0] : all]))
}

export function sayProblems(cli: Cli, problems: readonly FieldProblem[]): void {
  for (const { field, message } of problems)
    cli.complain(clean(field === undefined ? message : `${field}: ${message}`, 1000))
}
