// SPDX-License-Identifier: Apache-2.0
/**
 * `reject` and `ereject`, RFC 5429. What is sent is the host's matter: ereject is an SMTP reply where it can be, else a
 * DSN; neither is turned into the other. Nothing is ever sent to the null sender.
 */
import type { ActionDef, ActionKind } from '../action.ts'
import { limitCode } from '../limits.ts'
import type { SieveExtension, WordDef } from '../plugin.ts'
import { startReject } from '../services/start-reject.ts'

/** §2.1 and §2.2: not beside what delivers, not beside each other. */
const CONFLICTS: readonly ActionKind[] = ['keep', 'fileinto', 'redirect', 'vacation', 'reject', 'ereject']

const word = (name: 'reject' | 'ereject'): WordDef => ({
  name,
  kind: 'command',
  positional: [{ name: 'reason', type: 'string' }],
  execute(ctx, args) {
    const reason = args.string('reason')
    if (Buffer.byteLength(reason) > ctx.limits.textBytes)
      return ctx.fail(limitCode('textBytes'), `a reason of more than ${ctx.limits.textBytes} octets`, args)
    if (reason.includes('\0')) return ctx.fail('nul', 'a NUL in a reason', args)
    ctx.act({ kind: name, args: { reason } }, args)
    return undefined
  },
})

const action = (name: 'reject' | 'ereject'): ActionDef => ({
  name,
  cancelsImplicitKeep: true,
  conflictsWith: CONFLICTS,
  limit: 'rejects',
  start: startReject,
})

export const REJECT: SieveExtension = { name: 'reject', words: [word('reject')], actions: [action('reject')] }
export const EREJECT: SieveExtension = { name: 'ereject', words: [word('ereject')], actions: [action('ereject')] }
