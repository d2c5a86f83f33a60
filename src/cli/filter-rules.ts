// SPDX-License-Identifier: Apache-2.0
/** `postern filter list`, `get`, `put`, `activate`, `delete` and `order`: the rules of one user. */
import {
  deleteRule,
  enableOnly,
  enableRule,
  isEdited,
  namedRules,
  orderRules,
  putRule,
  type Rule,
  ruleNamed,
} from '../policy/filters/rules/index.ts'
import { ruleOf } from '../policy/filters/templates/index.ts'
import type { Cli } from './cli.ts'
import { done } from './directory.ts'
import { Finding, UsageError } from './exit.ts'
import { readScript, shownName, siteLanguage } from './filter-engine.ts'
import { complainAbout } from './filter-script.ts'
import { clean, humanSize, table } from './output.ts'
import { changeRules, readRules } from './rule-store.ts'
import { readSettings, requireTemplate, sayProblems, siteTemplates } from './template-source.ts'

export async function listRules(cli: Cli, address: string): Promise<void> {
  const values = await readRules(cli, address)
  const { engine, ...how } = await siteLanguage(cli, 'user')
  const rules = namedRules(values).map(({ name, rule, place }) => {
    const { ok } = engine.compile(rule.text, { name, ...how })
    const { template } = rule
    const edited = template === undefined ? undefined : isEdited(rule)
    return { name, place, template, edited, ok, bytes: Buffer.byteLength(rule.text) }
  })
  if (cli.json) return cli.printJson(rules)
  if (rules.length === 0) return cli.print('no rules')
  const columns = [
    { title: 'RUNS', align: 'right' },
    { title: 'NAME', max: 60 },
    { title: 'TEMPLATE' },
    { title: 'SIZE', align: 'right' },
    { title: '' },
  ] as const
  const rows = rules.map(({ name, place, template, edited, ok, bytes }) => [
    place === 0 ? 'off' : String(place),
    name,
    template === undefined ? '' : `${template}${edited ? ', changed by hand' : ''}`,
    humanSize(bytes),
    ok ? '' : 'does not compile, and does not run',
  ])
  cli.print(table(columns, rows, { color: cli.color }))
}

export async function getRule(cli: Cli, address: string, name: string, stored: boolean): Promise<void> {
  const values = await readRules(cli, address)
  const found = ruleNamed(values, name)
  if (found === undefined) throw new Finding(`${clean(address)} has no rule "${clean(name)}"`)
  const { rule, place, index } = found
  const text = stored ? (values[index] ?? '') : rule.text
  const { template, fields } = rule
  if (cli.json) return cli.printJson({ name, place, template, fields: fields?.values, text })
  cli.streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

export async function put(
  cli: Cli,
  address: string,
  name: string,
  file: string | undefined,
  options: { readonly template?: string; readonly set?: readonly string[] },
): Promise<void> {
  const rule =
    options.template === undefined
      ? await ruleOfFile(cli, file ?? '-', options.set)
      : await ruleOfTemplate(cli, options.template, file, options.set ?? [])
  await changeRules(cli, address, (values) => putRule(values, name, rule))
  done(cli, `stored "${clean(name)}"`, { stored: name })
}

async function ruleOfFile(cli: Cli, file: string, set: readonly string[] | undefined): Promise<Pick<Rule, 'text'>> {
  if (set !== undefined) throw new UsageError('--set fills in a --template')
  const text = await readScript(cli, file)
  const { engine, ...how } = await siteLanguage(cli, 'user')
  const { ok, diagnostics } = engine.compile(text, { name: shownName(file), ...how })
  complainAbout(cli, diagnostics, text)
  if (!ok) throw new Finding('the script has errors; nothing was stored')
  return { text }
}

async function ruleOfTemplate(cli: Cli, name: string, file: string | undefined, set: readonly string[]) {
  if (file !== undefined) throw new UsageError('a file and --template')
  const language = await siteLanguage(cli, 'user')
  const template = requireTemplate(await siteTemplates(cli, language), name)
  const made = ruleOf(template, readSettings(set), language)
  if (made.kind === 'made') return made.rule
  sayProblems(cli, made.problems)
  throw new Finding('that cannot be filled in; nothing was stored')
}

export async function activate(
  cli: Cli,
  address: string,
  name: string,
  { only, off }: { readonly only?: true; readonly off?: true },
): Promise<void> {
  if (only && off) throw new UsageError('--only and --off')
  await changeRules(cli, address, (values) => (only ? enableOnly(values, name) : enableRule(values, name, !off)))
  done(cli, `"${clean(name)}" is ${off ? 'off' : 'on'}`, { name, on: off !== true })
}

export async function remove(cli: Cli, address: string, name: string): Promise<void> {
  await changeRules(cli, address, (values) => deleteRule(values, name))
  done(cli, `deleted "${clean(name)}"`, { deleted: name })
}

export async function order(cli: Cli, address: string, names: readonly string[]): Promise<void> {
  await changeRules(cli, address, (values) => orderRules(values, names))
  await listRules(cli, address)
}
