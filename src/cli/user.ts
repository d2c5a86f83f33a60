// SPDX-License-Identifier: Apache-2.0
/** `postern user …`: people with a mailbox and a password. */
import type { Command } from 'commander'
import type { Autoreply } from '../ask/filters.ts'
import type { MailboxQuota } from '../ask/questions.ts'
import type { UserRow, UserStatus } from '../directory/embedded.ts'
import { type Cli, type Define, examples } from './cli.ts'
import { Finding } from './exit.ts'
import { reply, set } from './user-settings.ts'

export const define: Define = (command, cli) => {
  command.addHelpText('after', examples('user add kim@example.org', 'user list', 'user password kim@example.org'))
  add(command, cli)
  list(command, cli)
  show(command, cli)
  password(command, cli)
  status(command, cli, 'enable', 'active', 'take mail and let sign in again')
  status(command, cli, 'suspend', 'suspended', 'have senders try again later, and refuse sign-in')
  status(command, cli, 'disable', 'disabled', 'refuse mail and sign-in')
  set(command, cli)
  reply(command, cli)
  command
    .command('delete')
    .summary('delete a user')
    .description('Delete a user. The mailbox stays on the disk.')
    .argument('<ADDRESS>')
    .addHelpText('after', examples('user delete kim@example.org'))
    .action(async (text: string) => {
      const { done, requireAddress, withDirectory } = await import('./directory.ts')
      const address = requireAddress(text)
      await withDirectory(cli, (directory) => directory.deleteUser(address))
      done(cli, `deleted ${address}`, { deleted: address })
    })
}

function add(parent: Command, cli: Cli): void {
  parent
    .command('add')
    .summary('add a user')
    .description('Add a user, with a password that is asked for. The domain has to be there.')
    .argument('<ADDRESS>')
    .option('--also <ADDRESS...>', 'other addresses of the same mailbox')
    .option('--password-stdin', 'read the password from standard input')
    .option('--no-password', 'without a password: receives mail, cannot sign in')
    .addHelpText('after', examples('user add kim@example.org', 'user add kim@example.org --also kim.lee@example.org'))
    .action(async (text: string, options: { also?: string[]; passwordStdin?: boolean; password: boolean }) => {
      const { done, requireAddress, withDirectory } = await import('./directory.ts')
      const { newPassword } = await import('./password.ts')
      const { domainOf } = await import('../address/address.ts')
      const address = requireAddress(text)
      const also = (options.also ?? []).map(requireAddress)
      // Before the password: nobody likes to type it for nothing.
      await withDirectory(cli, (directory) => {
        for (const each of [address, ...also]) {
          if (!directory.domains().some(({ domain }) => domain === domainOf(each)))
            throw new Finding(`${domainOf(each)} is not a domain here; postern domain add ${domainOf(each)}`)
        }
      })
      const secret = options.password
        ? await newPassword(cli.streams, { fromStdin: options.passwordStdin === true, whose: address })
        : undefined
      await withDirectory(cli, (directory) =>
        directory.addUser({ address, also, ...(secret === undefined ? {} : { password: secret }) }),
      )
      done(cli, `added ${[address, ...also].join(', ')}`, { added: address, also, hasPassword: secret !== undefined })
    })
}

function list(parent: Command, cli: Cli): void {
  parent
    .command('list')
    .summary('list the users')
    .description('List the users.')
    .option('--domain <NAME>', 'of this domain alone')
    .addHelpText('after', examples('user list', 'user list --domain example.org'))
    .action(async ({ domain }: { domain?: string }) => {
      const { requireDomain, withDirectory } = await import('./directory.ts')
      const { domainOf } = await import('../address/address.ts')
      const { table } = await import('./output.ts')
      const only = domain === undefined ? undefined : requireDomain(domain)
      const all = await withDirectory(cli, (directory) => directory.users())
      const users = all.filter(({ address }) => only === undefined || domainOf(address) === only)
      if (cli.json) {
        cli.printJson(users)
        return
      }
      const columns = [{ title: 'ADDRESS' }, { title: 'STATUS' }, { title: 'PASSWORD' }, { title: 'ALSO', max: 100 }]
      const rows = users.map((user) => [
        user.address,
        user.status,
        user.hasPassword ? 'set' : 'none',
        user.also.join(', '),
      ])
      cli.print(users.length === 0 ? 'no users' : table(columns, rows, { color: cli.color }))
    })
}

function show(parent: Command, cli: Cli): void {
  parent
    .command('show')
    .summary('show a user')
    .description('Show a user, named by any of their addresses.')
    .argument('<ADDRESS>')
    .addHelpText('after', examples('user show kim@example.org'))
    .action(async (text: string) => {
      const { requireAddress, withDirectory } = await import('./directory.ts')
      const { addressKey } = await import('../address/path.ts')
      const key = addressKey(requireAddress(text))
      const fits = ({ address, also }: UserRow): boolean => [address, ...also].some((each) => addressKey(each) === key)
      const found = await withDirectory(cli, (directory) => {
        const known = directory.users().find(fits)
        return known === undefined ? undefined : { user: known, settings: directory.userSettings(known.address) }
      })
      if (found === undefined) throw new Finding(`no user ${text}`)
      const { user, settings } = found
      if (cli.json) {
        cli.printJson({ ...user, ...settings })
        return
      }
      cli.print(`address   ${user.address}`)
      cli.print(`also      ${user.also.length === 0 ? 'none' : user.also.join(', ')}`)
      cli.print(`status    ${user.status}`)
      cli.print(`password  ${user.hasPassword ? 'set' : 'none'}`)
      const { displayName, household, quota, autoreply } = settings
      if (displayName !== undefined) cli.print(`name      ${displayName}`)
      if (household !== undefined) cli.print(`household ${household}`)
      if (quota !== undefined) cli.print(`quota     ${quotaText(quota)}`)
      if (autoreply !== undefined) cli.print(`reply     ${replyText(autoreply)}`)
    })
}

const quotaText = ({ octets, messages }: MailboxQuota): string =>
  [octets === undefined ? [] : `${octets} octets`, messages === undefined ? [] : `${messages} messages`]
    .flat()
    .join(', ')

function replyText({ mode, start, end, text = '' }: Autoreply): string {
  const time = (word: string, ms: number | undefined): string =>
    ms === undefined ? '' : ` ${word} ${new Date(ms).toISOString()}`
  return `${mode}${time('from', start)}${time('to', end)}: ${text}`
}

function password(parent: Command, cli: Cli): void {
  parent
    .command('password')
    .summary('set a password')
    .description('Set the password of a user. It is asked for twice, or read from standard input.')
    .argument('<ADDRESS>')
    .option('--password-stdin', 'read it from standard input')
    .addHelpText(
      'after',
      examples('user password kim@example.org', 'user password kim@example.org --password-stdin < file'),
    )
    .action(async (text: string, { passwordStdin }: { passwordStdin?: boolean }) => {
      const { done, requireAddress, withDirectory } = await import('./directory.ts')
      const { newPassword } = await import('./password.ts')
      const address = requireAddress(text)
      const secret = await newPassword(cli.streams, { fromStdin: passwordStdin === true, whose: address })
      await withDirectory(cli, (directory) => directory.setPassword(address, secret))
      done(cli, `password of ${address} set`, { address, hasPassword: true })
    })
}

function status(parent: Command, cli: Cli, name: string, becomes: UserStatus, what: string): void {
  parent
    .command(name)
    .summary(what)
    .description(`${what[0]?.toUpperCase()}${what.slice(1)}.`)
    .argument('<ADDRESS>')
    .addHelpText('after', examples(`user ${name} kim@example.org`))
    .action(async (text: string) => {
      const { done, requireAddress, withDirectory } = await import('./directory.ts')
      const address = requireAddress(text)
      await withDirectory(cli, (directory) => directory.setStatus(address, becomes))
      done(cli, `${address} is ${becomes}`, { address, status: becomes })
    })
}
