// SPDX-License-Identifier: Apache-2.0
/**
 * `reject` and `ereject`, RFC 5429. What is sent is the host's matter: ereject is an SMTP reply where it can be, else a
 * DSN; neither is turned into the other. Nothing is ever sent to the null sender.
 */
import type { ActionDef, ActionKind } from '../action.ts'
import { limitCode } from '../limits.ts'
import type { Args, SieveExtension, WordDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { startReject } from '../services/start-reject.ts'

/** §2.4: not beside what delivers, not beside each other. */
const CONFLICTS: readonly ActionKind[] = ['keep', 'fileinto', 'redirect', 'vacation', 'reject', 'ereject']

/** A reason for people, within bounds. */
export function reasonOf(ctx: RunContext, args: Args): string {
  const reason = args.string('reason')
  if (Buffer.byteLength(reason) > ctx.limits.textBytes)
    return ctx.fail(limitCode('textBytes'), `a reason of more than ${ctx.limits.textBytes} octets`, args)
  return reason.includes('\0') ? ctx.fail('nul', 'a NUL in a reason', args) : reason
}

const word = (name: 'reject' | 'ereject'): WordDef => ({
  name,
  kind: 'command',
  positional: [{ name: 'reason', type: 'string' }],
  execute: (ctx, args) => void ctx.act({ kind: name, args: { reason: reasonOf(ctx, args) } }, args),
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
