// SPDX-License-Identifier: Apache-2.0
/** Asks the filters of recipients that came into being in the queue, with the host and the revision of the server. */
import { drive, type Host } from '../ask/ask.ts'
import type { LoadedRevision } from '../config/where.ts'
import { filterLate } from '../policy/filters/late.ts'
import type { FilterDeps } from '../queue/filtered/before-delivery.ts'
import { beginningOf } from '../queue/filtered/copies.ts'

export const lateFilters =
  (revision: () => LoadedRevision, host: Host): NonNullable<FilterDeps['filterLate']> =>
  async (envelope, recipient, content) =>
    await drive(filterLate(revision(), envelope, recipient, content.size), {
      ...host,
      content: async ({ most }) => ({ kind: 'found', value: await beginningOf(content, most) }),
    })
