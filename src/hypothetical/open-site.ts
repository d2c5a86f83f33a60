// SPDX-License-Identifier: Apache-2.0
/**
 * A site from its configuration directory, for questions: the directory, the name servers and the clock are looked at
 * as they are now, nothing is written. Counts of a running server are not seen: routines that count begin at nothing.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { NO_PRESSURE } from '../ask/pressure.ts'
import { siteCallOuts } from '../call-outs/site-call-outs.ts'
import { systemClock } from '../clock/clock.ts'
import { spoolPaths } from '../config/spool-paths.ts'
import type { LoadedRevision } from '../config/where.ts'
import type { Directory } from '../directory/directory.ts'
import { openDirectory } from '../directory/embedded.ts'
import { directoryAnswers } from '../directory/host.ts'
import { withAliasFile } from '../directory/site-directory.ts'
import { dnsAnswer } from '../dns/host.ts'
import { createResolver, type Resolver } from '../dns/resolver.ts'
import { createIds } from '../envelope/message-id.ts'
import { silentLog } from '../monitor/log.ts'
import { EmbeddedCounters } from '../state/embedded-counters.ts'
import { isInGroup } from '../state/system-groups.ts'
import { urlText } from '../state/url-texts.ts'
import type { Site } from './site.ts'

export interface SiteOptions {
  /** Ask no name server: every look-up says "try later". */
  readonly offline?: boolean
  /** Who answers for the name servers instead. */
  readonly resolver?: Resolver
  /** Wall-clock milliseconds at which everything happens; now unless given. */
  readonly at?: number
}

export type OpenedSite = Site & AsyncDisposable

/** @throws Error when the alias file or the directory cannot be read */
export function openSite(
  revision: LoadedRevision,
  { offline = false, resolver: given, at }: SiteOptions = {},
): OpenedSite {
  const stack = new AsyncDisposableStack()
  const { config } = revision
  const aliases = { path: config.directory.aliases, name: basename(config.directory.aliases) }
  const directory = withAliasFile(aliases, embedded(spoolPaths(config.server.spool).directory, stack))
  const now = (): number => at ?? Date.now()
  const resolver = given ?? (offline ? OFFLINE : resolving(config.dns, stack))
  return {
    revision,
    tls: config.tls !== undefined,
    reads: {
      now,
      random: ({ octets }) => randomBytes(octets).toString('hex'),
      ...dnsAnswer(resolver),
      ...directoryAnswers(directory),
      pressure: () => NO_PRESSURE,
      crashes: () => ({ crashes: [], othersInHand: false }),
      'mapping.url': ({ url }) => urlText(url),
      'system.group': (question) => isInGroup(question),
    },
    callOuts: () =>
      siteCallOuts({ resolver, counters: new EmbeddedCounters(systemClock), config: () => config, log: silentLog }),
    ids: createIds(now, randomInt(2 ** 20)),
    now,
    elapsed: () => performance.now(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const OFFLINE: Resolver = { lookup: async () => ({ kind: 'defer', cause: 'asked offline' }) }

function resolving(
  { servers, timeout: timeoutMs, cacheEntries }: LoadedRevision['config']['dns'],
  stack: AsyncDisposableStack,
): Resolver {
  return stack.use(createResolver({ servers, timeoutMs, cacheEntries, clock: systemClock, log: silentLog }))
}

/** Nobody is there before the first `postern domain add`; a question makes no files. */
function embedded(file: string, stack: AsyncDisposableStack): Directory {
  if (!existsSync(file)) return NOBODY
  const directory = openDirectory(file)
  stack.defer(() => directory.close())
  return directory
}

const NOBODY: Directory = {
  domain: () => ({ kind: 'absent' }),
  address: () => ({ kind: 'absent' }),
  password: () => ({ kind: 'absent' }),
  scram: () => ({ kind: 'absent' }),
}
