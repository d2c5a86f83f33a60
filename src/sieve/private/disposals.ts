// SPDX-License-Identifier: Apache-2.0
/** `jettison`, `refuse` and `hold`: what a system script decides over the heads of users (spec filters.md 2 and 4). */
import { type ActionDef, isAction } from '../action.ts'
import { takenOnce } from '../extensions/core/store-actions.ts'
import { reasonOf } from '../extensions/reject.ts'
import type { SieveExtension } from '../plugin.ts'
import { startRefusal } from '../services/start-reject.ts'
import type {} from './args.ts'
import { privateExtension } from './named.ts'

const JETTISON: ActionDef = {
  name: 'jettison',
  cancelsImplicitKeep: true,
  onAdd: takenOnce,
  start: async () => ({ kind: 'skipped', reason: 'nothing to do' }),
}

const REFUSE: ActionDef = {
  name: 'refuse',
  cancelsImplicitKeep: true,
  conflictsWith: ['keep', 'fileinto', 'redirect', 'vacation', 'reject', 'ereject', 'refuse'],
  limit: 'rejects',
  start: async (action, execution) =>
    isAction(action, 'refuse')
      ? startRefusal(action, action.args.reason, execution)
      : { kind: 'failed', error: 'not a refusal' },
}

/** What was decided about the message stands, and happens when an operator lets it go: no implicit keep is cancelled. */
const HOLD: ActionDef = { name: 'hold', cancelsImplicitKeep: false, onAdd: takenOnce }

export const DISPOSALS: readonly SieveExtension[] = [
  ...privateExtension('jettison', {
    words: [
      { name: 'jettison', kind: 'command', execute: (ctx, args) => void ctx.act({ kind: 'jettison', args: {} }, args) },
    ],
    actions: [JETTISON],
  }),
  ...privateExtension('refuse', {
    words: [
      {
        name: 'refuse',
        kind: 'command',
        positional: [{ name: 'reason', type: 'string' }],
        execute: (ctx, args) => void ctx.act({ kind: 'refuse', args: { reason: reasonOf(ctx, args) } }, args),
      },
    ],
    actions: [REFUSE],
  }),
  ...privateExtension('hold', {
    words: [{ name: 'hold', kind: 'command', execute: (ctx, args) => void ctx.act({ kind: 'hold', args: {} }, args) }],
    actions: [HOLD],
  }),
]
