// SPDX-License-Identifier: Apache-2.0
/**
 * The templates of a site: those shipped with Postern, and those in `templates/` beside postern.yaml. A file of the
 * site with a shipped name stands in its place. Files are called as what is in them: `block-sender.template`.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Diagnostic, Diagnostics, ScriptText, SIEVE_LIMITS } from '../../../sieve/index.ts'
import { checkTemplate } from './check.ts'
import type { RenderOptions } from './render.ts'
import { MAX_TEMPLATE_BYTES, parseTemplate, type Template } from './template.ts'

/** The folder of the templates that come with Postern. */
export const SHIPPED_TEMPLATES = fileURLToPath(new URL('../../../../templates', import.meta.url))

const SUFFIX = '.template'
/** More are not read: a form offers a person a choice, no library. */
const MAX_TEMPLATES = 500

export interface TemplatesLoaded {
  /** By name, in the order of names; only those without errors. */
  readonly templates: ReadonlyMap<string, Template>
  readonly diagnostics: readonly Diagnostic[]
  /** Texts of the files that diagnostics are about. */
  readonly sources: ReadonlyMap<string, string>
}

/** @param folders later ones stand in place of earlier ones; one that is not there is empty */
export async function loadTemplates(folders: readonly string[], options: RenderOptions): Promise<TemplatesLoaded> {
  const found = new Map<string, Template>()
  const diagnostics: Diagnostic[] = []
  const sources = new Map<string, string>()
  for (const folder of folders) {
    for (const file of (await filesIn(folder)).slice(0, MAX_TEMPLATES)) {
      const path = join(folder, file)
      const text = await readText(path)
      sources.set(path, text)
      const read = readTemplate(path, text, options, file.slice(0, -SUFFIX.length))
      diagnostics.push(...read.diagnostics)
      if (read.template !== undefined) found.set(read.template.name, read.template)
    }
  }
  const templates = new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
  return { templates, diagnostics, sources }
}

/** Reads and checks one. @param name what the file is called; a template that is called otherwise is an error */
export function readTemplate(
  file: string,
  text: string,
  options: RenderOptions,
  name?: string,
): { readonly template?: Template; readonly diagnostics: readonly Diagnostic[] } {
  const { template, diagnostics } = parseTemplate(file, text, options.engine)
  if (template === undefined) return { diagnostics }
  const report = new Diagnostics(new ScriptText(text, file), SIEVE_LIMITS)
  if (name !== undefined && name !== template.name)
    report.error(
      'validate',
      'template',
      { start: 0, end: 3 },
      `\`${template.name}\` belongs in ${template.name}${SUFFIX}`,
    )
  const all = [...diagnostics, ...report.list, ...checkTemplate(template, options)]
  return all.some(({ severity }) => severity === 'error') ? { diagnostics: all } : { template, diagnostics: all }
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(SUFFIX)).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** What is larger than a template may be is cut right behind, which `parseTemplate` refuses. */
const readText = async (path: string): Promise<string> =>
  (await readFile(path)).subarray(0, MAX_TEMPLATE_BYTES + 1).toString()
