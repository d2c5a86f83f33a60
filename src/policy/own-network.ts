// SPDX-License-Identifier: Apache-2.0
/** Is an address inside: which entry of `networks.own` holds it? */
import { inNetwork, type Network, parseNetwork } from '../address/network.ts'
import type { Revision } from '../config/revision.ts'

/** The index of the first entry; -1 for none. */
export const ownNetworkOf = ({ config }: Revision, address: string): number =>
  ownNetworks(config.networks.own).findIndex((network) => network !== undefined && inNetwork(address, network))

/** Of a revision, read once. */
function ownNetworks(texts: readonly string[]): readonly (Network | undefined)[] {
  const known = read.get(texts)
  if (known !== undefined) return known
  const networks = texts.map(parseNetwork)
  read.set(texts, networks)
  return networks
}

const read = new WeakMap<readonly string[], readonly (Network | undefined)[]>()
