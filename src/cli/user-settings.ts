// SPDX-License-Identifier: Apache-2.0
/** `postern user set` and `user reply`: what belongs to a user's filters beside their rules (spec filters.md 1, 10). */
import { type Command, Option } from 'commander'
import type { Autoreply } from '../ask/filters.ts'
import type { UserSettings } from '../directory/embedded.ts'
import type { SiteDirectory } from '../directory/site-directories.ts'
import { type Cli, examples } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

interface SetOptions {
  readonly name?: string
  readonly household?: string | false
  readonly quota?: string
  readonly quotaMessages?: string
}

export function set(parent: Command, cli: Cli): void {
  parent
    .command('set')
    .summary('set name, head of household and quota')
    .description('Set what else is known of a user. What is not named stays as it is.')
    .argument('<ADDRESS>')
    .option('--name <TEXT>', 'name of the person; empty for none')
    .option('--household <ADDRESS>', 'whose rules come behind the user’s own')
    .option('--no-household', 'nobody’s')
    .option('--quota <SIZE>', 'what the mailbox may hold, all folders together: 500MiB; none for no limit')
    .option('--quota-messages <NUMBER>', 'how many messages; none for no limit')
    .addHelpText(
      'after',
      examples(
        'user set kim@example.org --name "Kim Lee" --household pat@example.org',
        'user set kim@example.org --quota 2GiB',
      ),
    )
    .action(async (text: string, given: SetOptions) => {
      const { done, requireAddress, withDirectory } = await import('./directory.ts')
      const { parseSizeBytes } = await import('../config/units.ts')
      const address = requireAddress(text)
      const named = typeof given.household === 'string' ? requireAddress(given.household) : undefined
      if (Object.keys(given).length === 0) throw new UsageError('nothing to set')
      const octets = limitOf(given.quota, parseSizeBytes, 'size')
      const messages = limitOf(given.quotaMessages, countOf, 'number of messages')
      const settings = await withDirectory(cli, (directory) => {
        const { displayName, household, quota, ...others } = directory.userSettings(address)
        const name = given.name ?? displayName ?? ''
        const head = given.household === undefined ? household : named
        const most = given.quota === undefined ? quota?.octets : octets
        const many = given.quotaMessages === undefined ? quota?.messages : messages
        const limit = {
          ...(most === undefined ? {} : { octets: most }),
          ...(many === undefined ? {} : { messages: many }),
        }
        const next: UserSettings = {
          ...others,
          ...(name === '' ? {} : { displayName: name }),
          ...(head === undefined ? {} : { household: head }),
          ...(most === undefined && many === undefined ? {} : { quota: limit }),
        }
        directory.setUserSettings(address, next)
        return next
      })
      done(cli, `${address} is set`, { address, ...settings })
    })
}

const countOf = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined)

/** `none`: no limit. @throws UsageError */
function limitOf(
  text: string | undefined,
  parse: (text: string) => number | undefined,
  what: string,
): number | undefined {
  if (text === undefined || text === 'none') return undefined
  const limit = parse(text)
  if (limit === undefined) throw new UsageError(`"${text}" is no ${what}; write none for no limit`)
  return limit
}

interface ReplyOptions {
  readonly mode?: Autoreply['mode']
  readonly subject?: string
  readonly text?: string
  readonly textInternal?: string
  readonly hours?: string
  readonly start?: string
  readonly end?: string
  readonly off?: boolean
}

export function reply(parent: Command, cli: Cli): void {
  parent
    .command('reply')
    .summary('set or end an automatic reply')
    .description('Have messages to a user answered automatically. Sets the whole reply anew.')
    .argument('<ADDRESS>')
    .addOption(
      new Option('--mode <MODE>', 'vacation: once a sender and period; reply: always; echo: with the message').choices([
        'vacation',
        'reply',
        'echo',
      ]),
    )
    .option('--subject <TEXT>', 'its subject')
    .option('--text <TEXT>', 'its text')
    .option('--text-internal <TEXT>', 'its text for senders of the same domain')
    .option('--hours <NUMBER>', 'period of one sender, in hours')
    .option('--start <TIME>', 'not before: 2026-06-01 or 2026-06-01T08:00:00Z')
    .option('--end <TIME>', 'not after; a date alone means its end')
    .option('--off', 'no automatic reply')
    .addHelpText(
      'after',
      examples(
        'user reply kim@example.org --text "Back on Monday." --end 2026-06-14',
        'user reply kim@example.org --off',
      ),
    )
    .action(async (text: string, given: ReplyOptions) => {
      const { done, requireAddress, withDirectory, withSite } = await import('./directory.ts')
      const address = requireAddress(text)
      const autoreply = autoreplyOf(given)
      if ((await cli.peek()).ldap) await withSite(cli, (site) => setInLdap(site, address, autoreply))
      else
        await withDirectory(cli, (directory) => {
          const { autoreply: _, ...others } = directory.userSettings(address)
          directory.setUserSettings(address, autoreply === undefined ? others : { ...others, autoreply })
        })
      const what = autoreply === undefined ? `${address} has no automatic reply` : `${address} replies automatically`
      done(cli, what, { address, autoreply: autoreply ?? null })
    })
}

/** @throws Finding when the directory refuses, or cannot be asked */
async function setInLdap(
  { setAutoreply }: Pick<SiteDirectory, 'setAutoreply'>,
  address: string,
  autoreply: Autoreply | undefined,
): Promise<void> {
  const set = await setAutoreply?.(address, autoreply)
  if (set?.kind === 'refused') throw new Finding(`${address}: ${set.why}`)
  if (set?.kind !== 'stored')
    throw new Finding(`the directory cannot be asked: ${set?.kind === 'defer' ? set.cause : 'it is not LDAP'}`)
}

/** @throws UsageError */
function autoreplyOf(given: ReplyOptions): Autoreply | undefined {
  if (given.off === true) {
    if (Object.keys(given).length > 1) throw new UsageError('--off stands alone')
    return undefined
  }
  if (given.text === undefined && given.mode !== 'echo') throw new UsageError('--text is needed, or --off')
  const hours = given.hours === undefined ? undefined : Number(given.hours)
  if (hours !== undefined && !(Number.isInteger(hours) && hours >= 0 && hours < 1_000_000))
    throw new UsageError(`"${given.hours}" is no number of hours`)
  const start = given.start === undefined ? undefined : timeOf(given.start, '00:00:00.000')
  const end = given.end === undefined ? undefined : timeOf(given.end, '23:59:59.999')
  if (start !== undefined && end !== undefined && end < start) throw new UsageError('--end is before --start')
  return {
    mode: given.mode ?? 'vacation',
    ...(given.subject === undefined ? {} : { subject: given.subject }),
    ...(given.text === undefined ? {} : { text: given.text }),
    ...(given.textInternal === undefined ? {} : { textInternal: given.textInternal }),
    ...(hours === undefined ? {} : { timeoutHours: hours }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  }
}

/** A date is one of UTC. @throws UsageError */
function timeOf(text: string, clock: string): number {
  const ms = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T${clock}Z` : text)
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(ms))
    throw new UsageError(`"${text}" is no time; write 2026-06-01 or 2026-06-01T08:00:00Z`)
  return ms
}
