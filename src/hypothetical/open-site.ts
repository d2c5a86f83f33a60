// SPDX-License-Identifier: Apache-2.0
/** A site from its configuration directory, for questions: directory and name servers are looked at as they are now. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { spoolPaths } from '../config/spool-paths.ts'
import type { LoadedRevision } from '../config/where.ts'
import { ldapSettingsOf, type SiteDirectory, siteDirectories } from '../directory/site-directories.ts'
import { withAliasFile } from '../directory/site-directory.ts'
import type { Resolver } from '../dns/resolver.ts'
import { silentLog } from '../monitor/log.ts'
import { noMetrics } from '../monitor/metrics.ts'
import { NOBODY, type OpenedSite, resolverOf, siteOf } from './site-of.ts'

export interface SiteOptions {
  /** Ask no name server and no LDAP server: every look-up says "try later". */
  readonly offline?: boolean
  /** Who answers for the name servers instead. */
  readonly resolver?: Resolver
  /** Wall-clock milliseconds at which everything happens; now unless given. */
  readonly at?: number
}

/** @throws Error when the alias file or the directory cannot be read */
export function openSite(revision: LoadedRevision, { offline = false, resolver, at }: SiteOptions = {}): OpenedSite {
  const stack = new AsyncDisposableStack()
  const { config } = revision
  const behind = kept(revision, offline, stack)
  const aliases = { path: config.directory.aliases, name: basename(config.directory.aliases) }
  return siteOf({
    revision,
    tls: config.tls !== undefined,
    directory: withAliasFile(aliases, behind ?? NOBODY),
    ...(behind === undefined ? {} : { ldapText: (url) => behind.ldapText(url) }),
    resolver: resolver ?? resolverOf(config.dns, offline, stack),
    now: () => at ?? Date.now(),
    stack,
  })
}

/** Nobody is there before the first `postern domain add`; a question makes no files. */
function kept(
  { config, files }: LoadedRevision,
  offline: boolean,
  stack: AsyncDisposableStack,
): SiteDirectory | undefined {
  const file = spoolPaths(config.server.spool).directory
  const ldap = ldapSettingsOf(config, (path) => files.get(path)?.bytes ?? Buffer.alloc(0))
  if (ldap === undefined && !existsSync(file)) return undefined
  const directories = stack.use(siteDirectories({ file, log: silentLog, metrics: noMetrics }))
  // A server that cannot be there: whoever asks offline asks none.
  return directories.of(ldap === undefined || !offline ? ldap : { ...ldap, config: { ...ldap.config, urls: [] } })
}
