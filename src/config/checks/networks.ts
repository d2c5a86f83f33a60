// SPDX-License-Identifier: Apache-2.0
/**
 * Own networks may relay (design 2.10), so a network that holds strangers makes an open relay: refused when together
 * they hold half of all addresses, a warning when one is wider than any site's.
 */
import { type Network, parseNetwork } from '../../address/network.ts'
import { covered, formatNetwork, rangeOf } from '../networks.ts'
import type { Check } from './check.ts'

/** No registry gives one site more: IPv4 /8, IPv6 /16. */
const WIDEST = { ipv4: 8, ipv6: 16 } as const
/** Where public addresses are: all of IPv4; 2000::/3 of IPv6 (RFC 4291 §2.4). */
const PUBLIC = { ipv4: [0n, 1n << 32n], ipv6: [1n << 125n, 1n << 126n] } as const

export const checkNetworks: Check = (c) => {
  const networks: { i: number; text: string; network: Network }[] = []
  for (const [i, text] of c.list('networks', 'own').entries()) {
    const network = typeof text === 'string' ? parseNetwork(text) : undefined
    if (typeof text !== 'string' || network === undefined) continue
    networks.push({ i, text, network })
    if (network.hasHostBits)
      c.report({
        code: 'network-host-bits',
        severity: 'warning',
        path: ['networks', 'own', i],
        message: `${text} has bits set behind its prefix`,
        reason: 'it counts as the whole network; one address has no prefix',
        fix: `write ${formatNetwork(network)}, or ${text.split('/')[0]} for the one address`,
      })
  }
  for (const family of ['ipv4', 'ipv6'] as const) {
    const mine = networks.filter(({ network }) => network.address.kind() === family)
    const [from, to] = PUBLIC[family]
    const open =
      covered(
        mine.map(({ network }) => rangeOf(network)),
        from,
        to,
      ) *
        2n >=
      to - from
    const widest = mine.toSorted((a, b) => a.network.bits - b.network.bits)[0]
    for (const { i, text, network } of mine) {
      if (open && i === widest?.i)
        c.report({
          code: 'open-relay',
          path: ['networks', 'own', i],
          message: `own networks that hold the Internet (${text}) make this server an open relay`,
          reason: 'whoever is in networks.own may send anywhere through this server, without signing in',
          fix: 'name the networks of your own machines; users elsewhere sign in on the submission port',
        })
      else if (!open && network.bits < WIDEST[family])
        c.report({
          code: 'network-wide',
          severity: 'warning',
          path: ['networks', 'own', i],
          message: `${text} is wider than the network of any one site`,
          reason: 'whoever is in networks.own may send anywhere through this server, without signing in',
          fix: 'name the networks of your own machines',
        })
    }
  }
}
