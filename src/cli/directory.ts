// SPDX-License-Identifier: Apache-2.0
/** The embedded directory for `user`, `domain` and `alias`: opened in the spool, closed in any case. Needs no server. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Domain, MailAddress } from '../address/address.ts'
import { parseAddress, parseDomain } from '../address/path.ts'
import { type EmbeddedDirectory, openDirectory } from '../directory/embedded.ts'
import type { RuleStore } from '../directory/rule-store.ts'
import type { SiteDirectory } from '../directory/site-directories.ts'
import { silentLog } from '../monitor/log.ts'
import { noMetrics } from '../monitor/metrics.ts'
import type { Cli } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

/** @throws Finding where the site's directory is LDAP: nobody would ask what is written here */
export async function withDirectory<T>(cli: Cli, use: (directory: EmbeddedDirectory) => T | Promise<T>): Promise<T> {
  const { paths, ldap } = await cli.peek()
  if (ldap) throw new Finding(LDAP)
  await mkdir(dirname(paths.directory), { recursive: true, mode: 0o700 })
  const directory = openDirectory(paths.directory)
  try {
    return await use(directory)
  } catch (error) {
    // DirectoryProblem: what was asked for cannot be done.
    if (error instanceof Error && error.name === 'DirectoryProblem') throw new Finding(error.message, { cause: error })
    throw error
  } finally {
    directory.close()
  }
}

const LDAP = `the directory of this site is LDAP (directory.ldap in postern.yaml), and the embedded one is not asked
  users, domains and groups: their entries in LDAP, with any LDAP program
  rules of users and groups: postern filter; automatic replies: postern user reply
  other aliases: the alias file beside postern.yaml`

/** Rules of users, wherever the configuration says they are. @throws Finding when it cannot say, for it has errors */
export async function withRuleStore<T>(cli: Cli, use: (store: RuleStore) => Promise<T>): Promise<T> {
  return await withSite(cli, ({ ruleStore }) => use(ruleStore))
}

/** The directory of the site, to write what LDAP lets us write. @throws Finding when the configuration has errors */
export async function withSite<T>(cli: Cli, use: (directory: SiteDirectory) => Promise<T>): Promise<T> {
  const { paths } = await cli.peek()
  const { complainAbout, load } = await import('./configuration.ts')
  const loaded = await load(cli.directory())
  const { revision } = loaded
  if (revision === undefined) {
    complainAbout(loaded, cli)
    throw new Finding('the configuration has errors, so which directory the site has is not known')
  }
  const { ldapSettingsOf, siteDirectories } = await import('../directory/site-directories.ts')
  const ldap = ldapSettingsOf(revision.config, (path) => revision.files.get(path)?.bytes ?? Buffer.alloc(0))
  await mkdir(dirname(paths.directory), { recursive: true, mode: 0o700 })
  await using directories = siteDirectories({ file: paths.directory, log: silentLog, metrics: noMetrics })
  return await use(directories.of(ldap))
}

/** @throws UsageError */
export function requireAddress(text: string): MailAddress {
  const address = parseAddress(text)
  if (address === undefined) throw new UsageError(`"${text}" is not a mail address`)
  return address
}

/** @throws UsageError */
export function requireDomain(text: string): Domain {
  const domain = parseDomain(text)
  if (domain === undefined) throw new UsageError(`"${text}" is not a domain`)
  return domain
}

/** Says what was done, as text or as JSON. */
export function done(cli: Cli, text: string, value: Readonly<Record<string, unknown>>): void {
  if (cli.json) cli.printJson(value)
  else cli.print(text)
}
