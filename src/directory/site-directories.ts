// SPDX-License-Identifier: Apache-2.0
/**
 * Which directory a site has behind its alias file: the embedded one, or LDAP where the configuration says so. A reload
 * that changes nothing of it leaves connections and what is remembered as they are.
 */
import { readFileSync } from 'node:fs'
import type { Lookup } from '../ask/lookup.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../monitor/log.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { Directory } from './directory.ts'
import { type EmbeddedDirectory, openDirectory } from './embedded.ts'
import type { SetAutoreply } from './ldap/autoreplies.ts'
import { type DirectoryCheck, type LdapDirectory, ldapDirectory } from './ldap/directory.ts'
import type { LdapSettings } from './ldap/settings.ts'
import type { SharedFolder } from './ldap/shelf.ts'
import type { RuleStore } from './rule-store.ts'

export interface SiteDirectory extends Directory {
  readonly ruleStore: RuleStore
  /** In LDAP; those of the embedded directory are settings of its users. */
  readonly setAutoreply?: SetAutoreply
  /** The text behind an `ldap:` URL of a mapping table. */
  ldapText(url: string): Promise<Lookup<string>>
  /** Absent where there is nothing that could be away. */
  check?(): DirectoryCheck
}

export interface SiteDirectories extends AsyncDisposable {
  /** The same one for the same settings. `undefined`: the embedded one. @throws Error when that cannot be opened */
  of(settings: LdapSettings | undefined): SiteDirectory
}

/**
 * @param readFile gives the bytes of a file of the configuration; from the disk unless given
 * @throws Error when a file cannot be read
 */
export function ldapSettingsOf(
  {
    directory,
    server,
  }: { readonly directory: Config['directory']; readonly server: Pick<Config['server'], 'hostname'> },
  readFile: (path: string) => Uint8Array = (path) => readFileSync(path),
): LdapSettings | undefined {
  const { ldap } = directory
  if (ldap === undefined) return undefined
  const text = (path: string): string => Buffer.from(readFile(path)).toString('utf8')
  return {
    config: ldap,
    ...(ldap.passwordFile === undefined ? {} : { password: text(ldap.passwordFile).replace(/\r?\n$/, '') }),
    ...(ldap.ca === undefined ? {} : { ca: text(ldap.ca) }),
    hostname: server.hostname.toLowerCase(),
  }
}

/**
 * @param file the embedded directory's; opened when it is needed
 * @param shared folder in which processes of one server share what they found in LDAP; without it, each knows its own
 */
export function siteDirectories({
  file,
  shared,
  log,
  metrics,
  now = () => performance.now(),
}: {
  readonly file: string
  readonly shared?: SharedFolder
  readonly log: Log
  readonly metrics: Metrics
  readonly now?: () => number
}): SiteDirectories {
  let embedded: EmbeddedDirectory | undefined
  let latest:
    | { settings: LdapSettings; readonly key: string; readonly directory: LdapDirectory; readonly site: SiteDirectory }
    | undefined
  /** Made once: metrics have one name each. */
  const stale = metrics.counter('postern_ldap_stale_answers_total', 'Answers of before, used while LDAP is away')
  const openEmbedded = (): SiteDirectory => {
    embedded ??= openDirectory(file)
    return { ...embedded, ldapText: async () => ({ kind: 'defer', cause: 'directory.ldap is not set' }) }
  }
  return {
    of(settings) {
      if (settings === undefined) return openEmbedded()
      if (latest?.settings === settings) return latest.site
      const key = JSON.stringify(settings)
      if (latest?.key === key) {
        latest.settings = settings
        return latest.site
      }
      // The one of before finishes what it is asked; what is idle closes by itself. It may go on if this is not used.
      const directory = ldapDirectory(settings, {
        now,
        log,
        onStale: () => stale.add(),
        ...(shared === undefined ? {} : { shared }),
      })
      latest = { settings, key, directory, site: { ...directory, ldapText: (url) => directory.urlText(url) } }
      return latest.site
    },
    async [Symbol.asyncDispose]() {
      embedded?.close()
      await latest?.directory[Symbol.asyncDispose]()
    },
  }
}
