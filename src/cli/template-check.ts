// SPDX-License-Identifier: Apache-2.0
/** `postern template check` and `render`. */
import { basename } from 'node:path'
import { isRecord } from '../config/json-schema.ts'
import { readTemplate, renderTemplate } from '../policy/filters/templates/index.ts'
import type { Diagnostic } from '../sieve/index.ts'
import type { Cli } from './cli.ts'
import { Finding, UsageError } from './exit.ts'
import { readScript, siteLanguage } from './filter-engine.ts'
import { complainAbout } from './filter-script.ts'
import { plural } from './output.ts'
import { readSettings, requireTemplate, sayProblems, siteTemplates } from './template-source.ts'

export async function checkTemplates(cli: Cli, files: readonly string[]): Promise<void> {
  const language = await siteLanguage(cli, 'user')
  const found: Diagnostic[] = []
  let read = 0
  if (files.length === 0) {
    const { templates, diagnostics } = await siteTemplates(cli, language)
    found.push(...diagnostics)
    read = templates.size
  }
  for (const file of files) {
    const text = await readScript(cli, file)
    const name = basename(file).replace(/\.template$/, '')
    const { template, diagnostics } = readTemplate(file, text, language, name)
    if (!cli.json) complainAbout(cli, diagnostics, text)
    found.push(...diagnostics)
    if (template !== undefined) read++
  }
  if (found.some(({ severity }) => severity === 'error')) cli.finding()
  if (cli.json)
    return cli.printJson(
      found.map(({ severity, scriptName: file, line, column, message }) => ({ severity, file, line, column, message })),
    )
  cli.print(`${plural(read, 'template')} without errors`)
}

export async function renderToScript(
  cli: Cli,
  name: string,
  options: { readonly set: readonly string[]; readonly answers?: string },
): Promise<void> {
  const language = await siteLanguage(cli, 'user')
  const template = requireTemplate(await siteTemplates(cli, language), name)
  const given = {
    ...(options.answers === undefined ? {} : await readAnswersFile(cli, options.answers)),
    ...readSettings(options.set),
  }
  const rendered = renderTemplate(template, given, language)
  if (rendered.kind === 'rendered') {
    const { text, answers } = rendered
    if (cli.json) cli.printJson({ text, answers })
    else cli.streams.stdout.write(text)
    return
  }
  if (cli.json) cli.printJson({ problems: rendered.problems })
  else sayProblems(cli, rendered.problems)
  throw new Finding('that cannot be filled in')
}

async function readAnswersFile(cli: Cli, file: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readScript(cli, file)
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Told of below, like JSON that is no map.
  }
  throw new UsageError(`${file} is no map of JSON`)
}
