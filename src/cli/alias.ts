// SPDX-License-Identifier: Apache-2.0
/** `postern alias …`: addresses that stand for others. The alias file is read beside these and is edited by hand. */
import type { Command } from 'commander'
import { domainOf, type MailAddress } from '../address/address.ts'
import type { Member } from '../ask/questions.ts'
import type { AliasRow } from '../directory/embedded.ts'
import { type Cli, type Define, examples } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

export const define: Define = (command, cli) => {
  command.addHelpText('after', '\nThe alias file of the configuration is not shown here; `postern check` reads it.')
  command.addHelpText('after', examples('alias add sales@example.org kim robin@example.net', 'alias list'))
  add(command, cli)
  list(command, cli)
  show(command, cli)
  command
    .command('delete')
    .summary('delete an alias')
    .description('Delete an alias.')
    .argument('<ADDRESS>')
    .addHelpText('after', examples('alias delete sales@example.org'))
    .action(async (text: string) => {
      const { done, requireAddress, withDirectory } = await import('./directory.ts')
      const address = requireAddress(text)
      await withDirectory(cli, (directory) => directory.deleteAlias(address))
      done(cli, `deleted ${address}`, { deleted: address })
    })
}

function add(parent: Command, cli: Cli): void {
  parent
    .command('add')
    .summary('add an alias')
    .description('Add an alias for one or more members: addresses, names of the same domain, or programs.')
    .argument('<ADDRESS>')
    .argument('<MEMBER...>', 'an address; a name without a domain; `|program arguments`, if the pipe channel allows it')
    .option('--owner <ADDRESS>', 'who gets the failures of what the alias sends on')
    .addHelpText(
      'after',
      examples(
        'alias add sales@example.org kim robin@example.net',
        'alias add list@example.org kim --owner lee@example.org',
      ),
    )
    .action(async (text: string, texts: string[], options: { owner?: string }) => {
      const { done, requireAddress, withDirectory } = await import('./directory.ts')
      const address = requireAddress(text)
      const members = texts.map((member) => memberOf(member, address, requireAddress))
      const owner = options.owner === undefined ? {} : { owner: requireAddress(options.owner) }
      await withDirectory(cli, (directory) => directory.addAlias({ address, members, ...owner }))
      done(cli, `added ${address}: ${members.map(memberText).join(', ')}`, { address, members, ...owner })
    })
}

function memberOf(text: string, alias: MailAddress, requireAddress: (text: string) => MailAddress): Member {
  if (!text.startsWith('|'))
    return { address: requireAddress(text.includes('@') ? text : `${text}@${domainOf(alias)}`) }
  const pipe = text
    .slice(1)
    .split(' ')
    .filter((word) => word !== '')
  if (pipe[0]?.startsWith('/') !== true) throw new UsageError(`"${text}": a program is named by its absolute path`)
  return { pipe }
}

const memberText = (member: Member): string => ('pipe' in member ? `|${member.pipe.join(' ')}` : member.address)

function list(parent: Command, cli: Cli): void {
  parent
    .command('list')
    .summary('list the aliases')
    .description('List the aliases.')
    .addHelpText('after', examples('alias list', 'alias list --json'))
    .action(async () => {
      const { withDirectory } = await import('./directory.ts')
      const { table } = await import('./output.ts')
      const aliases = await withDirectory(cli, (directory) => directory.aliases())
      if (cli.json) {
        cli.printJson(aliases)
        return
      }
      const columns = [{ title: 'ADDRESS' }, { title: 'MEMBERS', max: 120 }, { title: 'OWNER' }]
      const rows = aliases.map(({ address, members, owner }) => [
        address,
        members.map(memberText).join(', '),
        owner ?? '',
      ])
      cli.print(aliases.length === 0 ? 'no aliases' : table(columns, rows, { color: cli.color }))
    })
}

function show(parent: Command, cli: Cli): void {
  parent
    .command('show')
    .summary('show an alias')
    .description('Show an alias and its members.')
    .argument('<ADDRESS>')
    .addHelpText('after', examples('alias show sales@example.org'))
    .action(async (text: string) => {
      const { requireAddress, withDirectory } = await import('./directory.ts')
      const { addressKey } = await import('../address/path.ts')
      const key = addressKey(requireAddress(text))
      const fits = (row: AliasRow): boolean => addressKey(row.address) === key
      const alias = (await withDirectory(cli, (directory) => directory.aliases())).find(fits)
      if (alias === undefined) throw new Finding(`no alias ${text}`)
      if (cli.json) {
        cli.printJson(alias)
        return
      }
      cli.print(alias.address)
      for (const member of alias.members) cli.print(`  ${memberText(member)}`)
      if (alias.owner !== undefined) cli.print(`owner ${alias.owner}`)
    })
}
