// SPDX-License-Identifier: Apache-2.0
/** Places for connections and slots of destinations, asked for by workers and counted here. */
import type { HandlersOf } from '../dispatcher/link.ts'
import type { LeaseOwner } from '../queue/schedule/lease-owner.ts'
import type { ConnectionSlots, Slot, SlotLimits } from '../state/connection-slots.ts'
import type { ToDispatcher } from './calls.ts'

export interface SlotHandlers {
  /** For one worker. */
  of(index: number): Omit<HandlersOf<ToDispatcher>, 'record' | 'cleared' | 'count'>
  /** The worker is gone: all that was its is free. */
  gone(index: number): void
}

export function slotHandlers(parts: {
  readonly connections: ConnectionSlots
  readonly leases: LeaseOwner
  readonly limits: () => SlotLimits
  /** A client asks for a place. */
  readonly came: (address: string) => void
}): SlotHandlers {
  const { connections, leases, limits, came } = parts
  const places = new Map<number, Slot>()
  let lastPlace = 0
  return {
    of: (index) => ({
      'slot.claim': ({ address }) => {
        came(address)
        const { answer, slot } = connections.claim(address, index, limits())
        if (slot === undefined) return { answer }
        lastPlace += 1
        places.set(lastPlace, slot)
        return { answer, slot: lastPlace }
      },
      'slot.release': (place) => {
        const slot = places.get(place)
        places.delete(place)
        if (slot !== undefined) connections.release(slot)
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
      connections.releaseAll(index)
      for (const [place, { holder }] of places) if (holder === index) places.delete(place)
      leases.gone(index)
    },
  }
}
