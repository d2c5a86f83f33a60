// SPDX-License-Identifier: Apache-2.0
/** A site from its configuration directory, for questions: directory and name servers are looked at as they are now. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { spoolPaths } from '../config/spool-paths.ts'
import type { LoadedRevision } from '../config/where.ts'
import type { Directory } from '../directory/directory.ts'
import { openDirectory } from '../directory/embedded.ts'
import { withAliasFile } from '../directory/site-directory.ts'
import type { Resolver } from '../dns/resolver.ts'
import { NOBODY, type OpenedSite, resolverOf, siteOf } from './site-of.ts'

export interface SiteOptions {
  /** Ask no name server: every look-up says "try later". */
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
  const aliases = { path: config.directory.aliases, name: basename(config.directory.aliases) }
  return siteOf({
    revision,
    tls: config.tls !== undefined,
    directory: withAliasFile(aliases, embedded(spoolPaths(config.server.spool).directory, stack)),
    resolver: resolver ?? resolverOf(config.dns, offline, stack),
    now: () => at ?? Date.now(),
    stack,
  })
}

/** Nobody is there before the first `postern domain add`; a question makes no files. */
function embedded(file: string, stack: AsyncDisposableStack): Directory {
  if (!existsSync(file)) return NOBODY
  const directory = openDirectory(file)
  stack.defer(() => directory.close())
  return directory
}
