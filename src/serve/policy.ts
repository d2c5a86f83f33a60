// SPDX-License-Identifier: Apache-2.0
/** A revision made ready for use: what is compiled of its files, so that no session waits for a disk (design 2.3). */
import { basename } from 'node:path'
import type { SecureContext } from 'node:tls'
import type { LoadedRevision } from '../config/where.ts'
import { type DirectoryHost, directoryAnswers } from '../directory/host.ts'
import type { DirectoryCheck } from '../directory/ldap/directory.ts'
import { ldapSettingsOf, type SiteDirectories, type SiteDirectory } from '../directory/site-directories.ts'
import { withAliasFile } from '../directory/site-directory.ts'
import { createTlsContext } from '../smtp-server/tls.ts'

export interface Policy {
  readonly revision: LoadedRevision
  readonly directory: DirectoryHost
  /** The text behind an `ldap:` URL of a mapping table. */
  readonly ldapText: SiteDirectory['ldapText']
  readonly checks: () => readonly DirectoryCheck[]
  readonly tls: SecureContext | undefined
  /** The same with new keys for session tickets. */
  withTicketKeys(ticketKeys: Buffer): Policy
}

/** @throws Error when certificate and key do not fit, or a list that the aliases name cannot be read */
export function compilePolicy(revision: LoadedRevision, directories: SiteDirectories, ticketKeys: Buffer): Policy {
  const { tls, directory } = revision.config
  const bytesOf = (path: string): Buffer => {
    const file = revision.files.get(path)
    if (file === undefined) throw new Error(`${path} is not part of revision ${revision.id}`)
    return file.bytes
  }
  const tlsWith = (keys: Buffer): SecureContext | undefined =>
    tls === undefined
      ? undefined
      : createTlsContext({
          certificate: bytesOf(tls.certificate),
          key: bytesOf(tls.key),
          minVersion: tls.minVersion,
          ticketKeys: keys,
        })
  const behind = directories.of(ldapSettingsOf(revision.config, bytesOf))
  const aliases = { path: directory.aliases, name: basename(directory.aliases) }
  const withTicketKeys = (keys: Buffer): Policy => ({ ...policy, tls: tlsWith(keys) })
  const policy: Policy = {
    revision,
    directory: directoryAnswers(withAliasFile(aliases, behind)),
    ldapText: (url) => behind.ldapText(url),
    checks: () => (behind.check === undefined ? [] : [behind.check()]),
    tls: tlsWith(ticketKeys),
    withTicketKeys,
  }
  return policy
}
