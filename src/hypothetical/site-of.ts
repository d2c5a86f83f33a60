// SPDX-License-Identifier: Apache-2.0
/** A site for questions, put together: who is asked for what. Nothing is written, and no running server is asked. */
import { randomBytes, randomInt } from 'node:crypto'
import { NO_FILTERS } from '../ask/no-tables.ts'
import { NO_PRESSURE } from '../ask/pressure.ts'
import { siteCallOuts } from '../call-outs/site-call-outs.ts'
import { systemClock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { Directory } from '../directory/directory.ts'
import { directoryAnswers } from '../directory/host.ts'
import type { SiteDirectory } from '../directory/site-directories.ts'
import { dnsAnswer } from '../dns/host.ts'
import { createResolver, type Resolver } from '../dns/resolver.ts'
import { createIds } from '../envelope/message-id.ts'
import { silentLog } from '../monitor/log.ts'
import { EmbeddedCounters } from '../state/embedded-counters.ts'
import { isInGroup } from '../state/system-groups.ts'
import { urlText } from '../state/url-texts.ts'
import type { Site } from './site.ts'

export type OpenedSite = Site & AsyncDisposable

export interface SiteParts {
  readonly revision: Revision
  readonly tls: boolean
  readonly directory: Directory
  /** Answers `ldap:` URLs of mapping tables; without it they fail as with a server that is away. */
  readonly ldapText?: SiteDirectory['ldapText']
  readonly resolver: Resolver
  /** Wall-clock milliseconds. */
  readonly now: () => number
  /** What is closed with the site. */
  readonly stack: AsyncDisposableStack
}

/** Counts of a running server are not seen: routines that count begin at nothing. */
export function siteOf({ revision, tls, directory, ldapText, resolver, now, stack }: SiteParts): OpenedSite {
  const { config } = revision
  return {
    revision,
    tls,
    reads: {
      ...NO_FILTERS,
      now,
      random: ({ octets }) => randomBytes(octets).toString('hex'),
      ...dnsAnswer(resolver),
      ...directoryAnswers(directory),
      pressure: () => NO_PRESSURE,
      crashes: () => ({ crashes: [], othersInHand: false }),
      'mapping.url': ({ url }) => urlText(url, ldapText),
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

/** Asks the name servers of the configuration, or none: then every look-up says "try later". */
export function resolverOf(
  { servers, timeout: timeoutMs, cacheEntries }: Revision['config']['dns'],
  offline: boolean,
  stack: AsyncDisposableStack,
): Resolver {
  if (offline) return { lookup: async () => ({ kind: 'defer', cause: 'asked offline' }) }
  return stack.use(createResolver({ servers, timeoutMs, cacheEntries, clock: systemClock, log: silentLog }))
}

/** Nobody is there. */
export const NOBODY: Directory = {
  domain: () => ({ kind: 'absent' }),
  address: () => ({ kind: 'absent' }),
  attribute: () => ({ kind: 'absent' }),
  password: () => ({ kind: 'absent' }),
  scram: () => ({ kind: 'absent' }),
  filters: () => ({ kind: 'absent' }),
}
