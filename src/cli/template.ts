// SPDX-License-Identifier: Apache-2.0
/** `postern template …`: filter templates, which make rules of what people fill in. */
import type { Command } from 'commander'
import { type Cli, type Define, examples } from './cli.ts'

export const define: Define = (command, cli) => {
  command.addHelpText('after', examples('template list', 'template fields vacation', 'template check'))
  defineList(command, cli)
  defineFields(command, cli)
  defineCheck(command, cli)
  defineRender(command, cli)
}

const open = async (cli: Cli) => {
  const { siteLanguage } = await import('./filter-engine.ts')
  const { siteTemplates } = await import('./template-source.ts')
  return await siteTemplates(cli, await siteLanguage(cli, 'user'))
}

function defineList(parent: Command, cli: Cli): void {
  parent
    .command('list')
    .summary('list templates')
    .description('List templates: those that come with Postern, and those in templates/ of the configuration.')
    .addHelpText('after', examples('template list', 'template list --json'))
    .action(async () => {
      const { templates } = await open(cli)
      const { table } = await import('./output.ts')
      const all = [...templates.values()]
      if (cli.json)
        return cli.printJson(
          all.map(({ name, title, description, source }) => ({ name, title, description, file: source.name })),
        )
      const columns = [{ title: 'NAME' }, { title: 'TITLE', max: 60 }, { title: 'FIELDS', max: 60 }]
      const rows = all.map(({ name, title, fields }) => [name, title, fields.map(({ id }) => id).join(', ')])
      cli.print(table(columns, rows, { color: cli.color }))
    })
}

function defineFields(parent: Command, cli: Cli): void {
  parent
    .command('fields')
    .summary('say what a template asks for')
    .description('Say what a template asks for. With --json all that a form needs.')
    .argument('<NAME>', 'the template')
    .addHelpText('after', examples('template fields vacation', 'template fields block-sender --json'))
    .action(async (name: string) => {
      const { requireTemplate } = await import('./template-source.ts')
      const { title, description, fields } = requireTemplate(await open(cli), name)
      if (cli.json)
        return cli.printJson({
          name,
          title,
          description,
          // What choices stand for is the matter of the template.
          fields: fields.map(({ values, ...field }) =>
            values === undefined ? field : { ...field, choices: Object.keys(values) },
          ),
        })
      const { table } = await import('./output.ts')
      cli.print(`${title}${description === undefined ? '' : `\n${description}`}\n`)
      const columns = [
        { title: 'FIELD' },
        { title: 'TYPE' },
        { title: 'DEFAULT', max: 30 },
        { title: 'QUESTION', max: 100 },
      ]
      const rows = fields.map(({ id, type, list, required, default: byDefault, prompt }) => [
        id,
        `${type}${list ? ', several' : ''}`,
        byDefault === undefined ? (required ? 'none: needed' : '') : String(byDefault),
        prompt,
      ])
      cli.print(table(columns, rows, { color: cli.color }))
      for (const { id, help, example, values } of fields) {
        const choices = values === undefined ? undefined : `One of: ${Object.keys(values).join(', ')}.`
        const said = [help, example === undefined ? undefined : `Example: ${example}`, choices].filter(Boolean)
        if (said.length > 0) cli.print(`\n${id}: ${said.join(' ')}`)
      }
    })
}

function defineCheck(parent: Command, cli: Cli): void {
  parent
    .command('check')
    .summary('say everything that is wrong with templates')
    .description('Say everything that is wrong with templates: of files, or else of all that are there.')
    .argument('[FILE...]', 'files')
    .addHelpText('after', examples('template check', 'template check templates/block-sender.template'))
    .action(async (files: string[]) => {
      const { checkTemplates } = await import('./template-check.ts')
      await checkTemplates(cli, files)
    })
}

function defineRender(parent: Command, cli: Cli): void {
  parent
    .command('render')
    .summary('print the script that a filled-in template makes')
    .description('Print the script that a filled-in template makes. `filter put --template` stores it.')
    .argument('<NAME>', 'the template')
    .option('--set <FIELD=ANSWER...>', 'what is filled in; the same field again adds to a list', [])
    .option('--answers <FILE>', 'what is filled in, as a map of JSON; - is standard input')
    .addHelpText(
      'after',
      examples(
        'template render block-sender --set who=lee@example.net who=robin@example.net',
        'template render vacation --answers answers.json',
      ),
    )
    .action(async (name: string, options: { set: string[]; answers?: string }) => {
      const { renderToScript } = await import('./template-check.ts')
      await renderToScript(cli, name, options)
    })
}
