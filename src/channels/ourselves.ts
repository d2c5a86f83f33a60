// SPDX-License-Identifier: Apache-2.0
/** Where this server can be reached: mail must not be sent there (RFC 5321 §5.1). */
import { isIPv4 } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { normaliseIp } from '../address/network.ts'

/**
 * A listener's `address:port`, and for one that listens everywhere that of each interface. `::` takes IPv4 as well.
 * Addresses that a router translates to ours are not among them; the name of the server, and the count of `Received:`
 * fields in the end, see such loops.
 */
export function ownEndpoints(
  { address, port }: { readonly address: string; readonly port: number },
  interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces,
): readonly string[] {
  const bound = normaliseIp(address) ?? address
  if (bound !== '0.0.0.0' && bound !== '::') return [`${bound}:${port}`]
  const all = Object.values(interfaces()).flatMap((one) => (one ?? []).map((given) => normaliseIp(given.address)))
  const served = all.filter((one) => one !== undefined && (bound === '::' || isIPv4(one)))
  // Whoever connects to nowhere reaches this machine.
  const nowhere = bound === '::' ? ['::', '0.0.0.0'] : ['0.0.0.0']
  return [...new Set([...served, ...nowhere])].map((one) => `${one}:${port}`)
}
