// SPDX-License-Identifier: Apache-2.0
/** `postern domain …`: the domains that are ours. */
import { type Define, examples } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

export const define: Define = (command, cli) => {
  command.addHelpText('after', examples('domain add example.org', 'domain list', 'domain delete example.org'))
  command
    .command('add')
    .summary('take mail for a domain')
    .description('Take mail for a domain: its users and aliases may then be added.')
    .argument('<DOMAIN...>')
    .addHelpText('after', examples('domain add example.org example.net'))
    .action(async (names: string[]) => {
      const { done, requireDomain, withDirectory } = await import('./directory.ts')
      const domains = names.map(requireDomain)
      await withDirectory(cli, (directory) => {
        for (const domain of domains) directory.addDomain(domain)
      })
      done(cli, `added ${domains.join(', ')}`, { added: domains })
    })
  command
    .command('list')
    .summary('list the domains')
    .description('List the domains, with the number of their users and aliases.')
    .addHelpText('after', examples('domain list'))
    .action(async () => {
      const { withDirectory } = await import('./directory.ts')
      const { domainOf } = await import('../address/address.ts')
      const rows = await withDirectory(cli, (directory) => {
        const [users, aliases] = [directory.users(), directory.aliases()]
        return directory.domains().map(({ domain }) => ({
          domain,
          users: users.filter(({ address }) => domainOf(address) === domain).length,
          aliases: aliases.filter(({ address }) => domainOf(address) === domain).length,
        }))
      })
      if (cli.json) {
        cli.printJson(rows)
        return
      }
      const { table } = await import('./output.ts')
      const columns = [
        { title: 'DOMAIN' },
        { title: 'USERS', align: 'right' },
        { title: 'ALIASES', align: 'right' },
      ] as const
      const cells = rows.map(({ domain, users, aliases }) => [domain, String(users), String(aliases)])
      cli.print(rows.length === 0 ? 'no domains' : table(columns, cells, { color: cli.color }))
    })
  command
    .command('rules')
    .summary('set or show the rules of a domain')
    .description(
      'Set the rules that run behind those of each user of a domain, one script a file; show them without one.',
    )
    .argument('<DOMAIN>')
    .argument('[FILE...]')
    .option('--clear', 'no rules')
    .addHelpText('after', examples('domain rules example.org', 'domain rules example.org lists.sieve'))
    .action(async (name: string, files: readonly string[], { clear }: { clear?: boolean }) => {
      const { done, requireDomain, withDirectory } = await import('./directory.ts')
      const domain = requireDomain(name)
      if (files.length === 0 && clear !== true) {
        const rules = await withDirectory(cli, (directory) => directory.domainRules(domain))
        if (cli.json) cli.printJson(rules)
        else cli.print(rules.length === 0 ? 'no rules' : rules.join('\n'))
        return
      }
      if (files.length > 0 && clear === true) throw new UsageError('--clear takes no files')
      const { readScript, siteLanguage } = await import('./filter-engine.ts')
      const { engine, level, limits } = await siteLanguage(cli, 'domain')
      const rules: string[] = []
      for (const file of files) rules.push(await readScript(cli, file))
      const errors = rules.flatMap((text, index) =>
        engine
          .compile(text, { name: files[index] ?? '', level, limits })
          .diagnostics.filter(({ severity }) => severity === 'error')
          .map(({ line, column, message }) => `${files[index]}:${line}:${column}: ${message}`),
      )
      if (errors.length > 0) throw new Finding(errors.join('\n'))
      await withDirectory(cli, (directory) => directory.setDomainRules(domain, rules))
      done(cli, `${domain} has ${rules.length} rules`, { domain, rules: rules.length })
    })
  command
    .command('delete')
    .summary('take no more mail for a domain')
    .description('Take no more mail for a domain. Mailboxes stay on the disk.')
    .argument('<DOMAIN>')
    .option('--force', 'with all its users and aliases')
    .addHelpText('after', examples('domain delete example.org --force'))
    .action(async (name: string, { force }: { force?: boolean }) => {
      const { done, requireDomain, withDirectory } = await import('./directory.ts')
      const domain = requireDomain(name)
      await withDirectory(cli, (directory) => directory.deleteDomain(domain, { force: force === true }))
      done(cli, `deleted ${domain}`, { deleted: domain })
    })
}
