// SPDX-License-Identifier: Apache-2.0
/** Is an address inside: which entry of `networks.own` holds it? */
import { inNetwork, parseNetwork } from '../address/network.ts'
import type { Revision } from '../config/revision.ts'
import { ofRevision } from './channels.ts'

const ownNetworks = ofRevision(({ config }) => config.networks.own.map(parseNetwork))

/** The index of the first entry; -1 for none. */
export const ownNetworkOf = (revision: Revision, address: string): number =>
  ownNetworks(revision).findIndex((network) => network !== undefined && inNetwork(address, network))
