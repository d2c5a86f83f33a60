// SPDX-License-Identifier: Apache-2.0
/**
 * Asks the filters of recipients that came into being in the queue, with the host and the revision of the server. What
 * they look at takes its part of the memory for all messages that are looked at.
 */
import { drive, type Host } from '../ask/ask.ts'
import type { LoadedRevision } from '../config/where.ts'
import { filterLate } from '../policy/filters/late.ts'
import type { FilterDeps } from '../queue/filtered/before-delivery.ts'
import { beginningOf } from '../queue/filtered/copies.ts'
import type { ContentMemory } from '../smtp-server/content-memory.ts'

export function lateFilters(parts: {
  readonly revision: () => LoadedRevision
  readonly host: Host
  readonly memory: Pick<ContentMemory, 'claim'>
}): NonNullable<FilterDeps['filterLate']> {
  return async (envelope, recipient, content) => {
    const revision = parts.revision()
    let looked = (): void => {}
    try {
      return await drive(filterLate(revision, envelope, recipient, content.size), {
        ...parts.host,
        content: async ({ most }) => {
          const room = await parts.memory.claim(Math.min(most, content.size), revision.config.filters.memory)
          if (room === undefined) return { kind: 'defer', cause: 'too many messages are being looked at' }
          looked = room
          return { kind: 'found', value: await beginningOf(content, most) }
        },
      })
    } finally {
      looked()
    }
  }
}
