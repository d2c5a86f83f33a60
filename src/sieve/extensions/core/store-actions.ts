// SPDX-License-Identifier: Apache-2.0
/** `keep`, `discard`: RFC 5228 §4.3 and §4.4; and what is common to actions that put a message into a mailbox. */
import { type Action, type ActionDef, type FileintoArgs, isAction, type StoreArgs, type Taken } from '../../action.ts'
import type { Args, WordDef } from '../../plugin.ts'
import type { RunContext } from '../../run-context.ts'
import { startStore } from '../../services/start-store.ts'
import { normalizeFlags } from '../flags.ts'

/** `INBOX` in any case is one mailbox (RFC 3501 §5.1). */
export const isInbox = (mailbox: string): boolean => mailbox.toUpperCase() === 'INBOX'

const mailboxOf = (action: Action): string | undefined => {
  if (isAction(action, 'keep')) return 'INBOX'
  if (!isAction(action, 'fileinto')) return undefined
  const { mailbox, specialUse, mailboxId } = action.args
  const name = isInbox(mailbox) ? 'INBOX' : mailbox
  return specialUse === undefined && mailboxId === undefined ? name : `${name}\n${specialUse}\n${mailboxId}`
}

/**
 * RFC 5228 §2.10.3: the same message goes into one mailbox once. RFC 5232 §3: with the flags that were given last.
 * RFC 5293 §7: edits of the header make no other message of it.
 */
export function mergeStores(action: Action<'keep' | 'fileinto'>, previous: readonly Action[]): Taken {
  const mailbox = mailboxOf(action)
  const same = previous.find(
    (other) => !other.earlier && mailboxOf(other) === mailbox && other.message.isSameAs(action.message),
  )
  if (same === undefined) return { taken: 'add' }
  const before = same.args as StoreArgs & Partial<FileintoArgs>
  const { flags = before.flags } = action.args
  const last = flags === undefined ? {} : { flags }
  const copy =
    isAction(action, 'fileinto') && before.copy !== undefined ? { copy: before.copy && action.args.copy } : {}
  return { taken: 'merge', into: same, args: { ...before, ...last, ...copy } }
}

/** The flags of this action: its own, or those of the internal variable (RFC 5232 §3). */
export function flagsFor(ctx: RunContext, args: Args): { readonly flags?: readonly string[] } {
  if (args.has('flags')) return { flags: normalizeFlags(args.strings('flags')) }
  return ctx.flags === undefined ? {} : { flags: ctx.flags }
}

export const KEEP: WordDef = {
  name: 'keep',
  kind: 'command',
  execute: (ctx, args) => void ctx.act({ kind: 'keep', args: flagsFor(ctx, args) }, args),
}

export const KEEP_ACTION: ActionDef = {
  name: 'keep',
  cancelsImplicitKeep: true,
  onAdd: (action, previous) => mergeStores(action as Action<'keep'>, previous),
  start: startStore,
}

/** For an action without arguments: twice is once. */
export const takenOnce: NonNullable<ActionDef['onAdd']> = ({ kind: wanted }, previous) =>
  previous.some(({ kind, earlier }) => kind === wanted && !earlier) ? { taken: 'drop' } : { taken: 'add' }

export const DISCARD: WordDef = {
  name: 'discard',
  kind: 'command',
  execute: (ctx, args) => void ctx.act({ kind: 'discard', args: {} }, args),
}

export const DISCARD_ACTION: ActionDef = {
  name: 'discard',
  cancelsImplicitKeep: true,
  onAdd: takenOnce,
  start: async () => ({ kind: 'skipped', reason: 'nothing to do' }),
}
