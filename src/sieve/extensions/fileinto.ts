// SPDX-License-Identifier: Apache-2.0
/** `fileinto`, RFC 5228 §4.1; `:copy` of RFC 3894, `:create` of RFC 5490, `:specialuse` of RFC 8579, `:mailboxid` of RFC 9042. */
import type { Action, ActionDef, FileintoArgs } from '../action.ts'
import type { CompiledWord } from '../compiled.ts'
import type { Args, SieveExtension, ValidateContext, WordDef } from '../plugin.ts'
import { startStore } from '../services/start-store.ts'
import { flagsFor, mergeStores } from './core/store-actions.ts'

/** Octets of a mailbox name; IMAP stores allow less. */
const MAX_NAME = 1000

/** What is wrong with a mailbox name; whether there is such a mailbox the store knows. */
export const mailboxProblem = (name: string): string | undefined =>
  name === ''
    ? 'a mailbox needs a name'
    : name.length > MAX_NAME || /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name) || !name.isWellFormed()
      ? 'no mailbox can have this name'
      : undefined

export function checkMailbox(word: CompiledWord, ctx: ValidateContext, argument: string): void {
  const name = word.constant(argument)
  const problem = name === undefined ? undefined : mailboxProblem(name)
  if (problem !== undefined) ctx.error(word.spanOf(argument), 'mailbox-name', problem)
}

/** RFC 9042 §4.2: an identifier and an attribute in one command are a mistake. */
export const ELSEWHERE = 'another mailbox'

/** Where `:create` and its like lead, for `fileinto` and `:fcc` alike. */
export const mailboxOptions = (args: Args): Pick<FileintoArgs, 'create' | 'specialUse' | 'mailboxId'> => ({
  create: args.has('create'),
  ...(args.has('specialuse') ? { specialUse: args.string('specialuse') } : {}),
  ...(args.has('mailboxid') ? { mailboxId: args.string('mailboxid') } : {}),
})

const FILEINTO: WordDef = {
  name: 'fileinto',
  kind: 'command',
  positional: [{ name: 'mailbox', type: 'string' }],
  validate(word, ctx) {
    checkMailbox(word, ctx, 'mailbox')
  },
  execute(ctx, args) {
    const mailbox = args.string('mailbox')
    const problem = mailboxProblem(mailbox)
    if (problem !== undefined) return ctx.fail('mailbox-name', problem, args)
    const copy = args.has('copy')
    const stored: FileintoArgs = { mailbox, copy, ...mailboxOptions(args), ...flagsFor(ctx, args) }
    ctx.act({ kind: 'fileinto', args: stored, cancelsImplicitKeep: !copy }, args)
    return undefined
  },
}

const FILEINTO_ACTION: ActionDef = {
  name: 'fileinto',
  cancelsImplicitKeep: true,
  limit: 'fileintos',
  onAdd: (action, previous) => mergeStores(action as Action<'fileinto'>, previous),
  start: startStore,
}

export const FILEINTO_EXTENSION: SieveExtension = { name: 'fileinto', words: [FILEINTO], actions: [FILEINTO_ACTION] }

/** RFC 3894 */
export const COPY: SieveExtension = { name: 'copy', tags: [{ name: 'copy', on: ['fileinto', 'redirect'] }] }
