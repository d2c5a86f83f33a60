// SPDX-License-Identifier: Apache-2.0
/** Places for connections and slots of destinations, asked for by workers and counted here. */
import type { HandlersOf } from '../dispatcher/link.ts'
import type { LeaseOwner } from '../queue/schedule/lease-owner.ts'
import type { PlaceOwner } from '../state/place-owner.ts'
import type { ToDispatcher } from './calls.ts'

export interface SlotHandlers {
  /** For one worker. */
  of(index: number): Omit<HandlersOf<ToDispatcher>, 'record' | 'cleared' | 'count'>
  /** The worker is gone: all that was its is free. */
  gone(index: number): void
}

export function slotHandlers(parts: {
  readonly places: PlaceOwner
  readonly leases: LeaseOwner
  /** A client asks for a place; or so many do, one after the other. */
  readonly came: (address: string, times: number) => void
}): SlotHandlers {
  const { places, leases, came } = parts
  return {
    of: (index) => ({
      'slot.claim': ({ address }) => {
        came(address, 1)
        return places.claim(index, address)
      },
      'slot.release': (released) => {
        places.release(released)
        return undefined
      },
      'slot.cameAgain': (clients) => {
        for (const [address, times] of clients) came(address, times)
        return undefined
      },
      'lease.claim': ({ channel, key }) => leases.claim(index, channel, key),
      'lease.answered': (lease) => {
        leases.answered(lease)
        return undefined
      },
      'lease.giveBack': ({ lease, sign }) => leases.giveBack(lease, sign),
      'lease.reopen': ({ channel, key }) => {
        leases.reopen(channel, key)
        return undefined
      },
    }),
    gone(index) {
      places.gone(index)
      leases.gone(index)
    },
  }
}
