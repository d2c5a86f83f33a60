// SPDX-License-Identifier: Apache-2.0
/**
 * Where a domain goes: to channel `l` when the directory knows it, else by the first route of the configuration that
 * fits, else to tcp_local and the domain's MX records (design 3). Domains are compared as A-labels (RFC 5890 §2.3.2.1):
 * however typed, they are one.
 */
import { domainOf, localPartOf, type MailAddress } from '../address/address.ts'
import { addressKey, asciiDomain } from '../address/path.ts'
import { type Asking, ask } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Revision } from '../config/revision.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { ofRevision } from './channels.ts'
import type { Route } from './stage.ts'

export const LOCAL_CHANNEL = 'l' as ChannelName
export const OUTSIDE_CHANNEL = 'tcp_local' as ChannelName

const NO_ROUTE: DecidedBy = { by: 'default', setting: 'routes', value: `* → ${OUTSIDE_CHANNEL}, by MX` }

export type Routing =
  | { readonly kind: 'routed'; readonly route: Route; readonly by: DecidedBy }
  | { readonly kind: 'defer'; readonly by: DecidedBy; readonly cause: string }

export function* routeOf(revision: Revision, address: MailAddress): Asking<Routing> {
  const domain = domainOf(address)
  const entry = yield* ask({ ask: 'directory.domain', domain })
  if (entry.kind === 'defer')
    return { kind: 'defer', cause: entry.cause, by: { by: 'directory', entry: `domain ${domain}` } }
  if (entry.kind === 'found') {
    const at = entry.value.at === undefined ? {} : { at: entry.value.at }
    const by: DecidedBy = { by: 'directory', entry: `domain ${domain}`, ...at }
    return { kind: 'routed', by, route: { channel: LOCAL_CHANNEL, domain, local: true } }
  }
  const key = domainKey(domain)
  const names = namesOf(revision)
  if (key === names.srs)
    return {
      kind: 'routed',
      by: revision.where('srs', 'domain'),
      route: { channel: LOCAL_CHANNEL, domain, local: true },
    }
  // RFC 5321 §4.5.1: `<postmaster>` alone is the postmaster of this host, which need not be a mail domain (aliases.ts).
  // `addressKey`, for quotes mean nothing (§4.1.2).
  if (key === names.host && addressKey(localPartOf(address)) === 'postmaster')
    return {
      kind: 'routed',
      by: { by: 'protocol', rule: 'RFC 5321 §4.5.1' },
      route: { channel: LOCAL_CHANNEL, domain, local: true },
    }
  const { routes } = revision.config
  const index = routes.findIndex((route) => fits(route.domain, key))
  const route = routes[index]
  if (route === undefined)
    return {
      kind: 'routed',
      by: NO_ROUTE,
      route: { channel: OUTSIDE_CHANNEL, domain, local: false },
    }
  const via = route.via === undefined ? {} : { via: route.via }
  return {
    kind: 'routed',
    by: revision.where('routes', index),
    route: { channel: route.channel as ChannelName, domain, local: false, ...via },
  }
}

/** The domains that mean this server. */
const namesOf = ofRevision(({ srs, config }) => ({
  host: domainKey(config.server.hostname),
  srs: srs === undefined ? undefined : domainKey(srs.domain),
}))

/** `example.org` itself; `.example.org` what is below it; `*` everything. */
function fits(pattern: string, domain: string): boolean {
  if (pattern === '*') return true
  return pattern.startsWith('.') ? domain.endsWith(`.${domainKey(pattern.slice(1))}`) : domain === domainKey(pattern)
}

const domainKey = (domain: string): string => asciiDomain(domain) ?? domain.toLowerCase()
