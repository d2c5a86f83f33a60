// SPDX-License-Identifier: Apache-2.0
/**
 * `redirect`, RFC 5228 §4.2. The envelope sender stays, null too; loops are the host's matter: it sees the Received
 * fields of all hops. An address of the script's owner is a `keep` (spec filters.md 7).
 */
import { type Action, type ActionDef, isAction, type RedirectArgs } from '../../action.ts'
import { limitCode } from '../../limits.ts'
import type { Args, WordDef } from '../../plugin.ts'
import { type Maybe, then } from '../../questions.ts'
import type { RunContext } from '../../run-context.ts'
import { startRedirect } from '../../services/start-redirect.ts'
import { REDIRECT_TO_OWNER_KEEPS } from '../../unsure.ts'
import { listName } from '../extlists.ts'
import { redirectOptions } from '../redirect-options.ts'
import { isOwn, sameMailbox, sieveAddress } from '../sieve-address.ts'
import { flagsFor } from './store-actions.ts'

export const REDIRECT: WordDef = {
  name: 'redirect',
  kind: 'command',
  positional: [{ name: 'address', type: 'string' }],
  validate(word, ctx) {
    if (word.has('list')) return
    const text = word.constant('address')
    if (text !== undefined && sieveAddress(text) === undefined)
      ctx.error(word.spanOf('address'), 'address', `${JSON.stringify(text.slice(0, 80))} is no mail address`)
  },
  execute(ctx, args) {
    const text = args.string('address')
    if (args.has('list')) return toList(ctx, args, listName(text))
    const address = sieveAddress(text)
    // A run-time error: §2.10.6 keeps the message.
    if (address === undefined)
      return ctx.fail('address', `${JSON.stringify(text.slice(0, 80))} is no mail address`, args)
    if (REDIRECT_TO_OWNER_KEEPS && ownersOwn(ctx, address)) {
      ctx.note('info', 'redirect-to-owner', `redirect to ${address}, the owner, is a keep`, args)
      ctx.act({ kind: 'keep', args: flagsFor(ctx, args), cancelsImplicitKeep: !args.has('copy') }, args)
      return undefined
    }
    const options = redirectOptions(ctx, args)
    redirect(ctx, args, { address, copy: args.has('copy'), ...options })
    return undefined
  },
}

/** RFC 6134 §2.3. What cannot be done in full is an error, which keeps the message: a part of a list is nobody's wish. */
function toList(ctx: RunContext, args: Args, list: string): Maybe<undefined> {
  const options = redirectOptions(ctx, args)
  return then(ctx.ask({ ask: 'sieve.members', list }), (found) => {
    const shown = JSON.stringify(list.slice(0, 80))
    if (found.kind === 'absent') return ctx.fail('list', `${shown} is no list that mail can be sent on to`, args)
    const members = found.value
    ctx.spend(members.length)
    const { listMembers } = ctx.limits
    if (members.length > listMembers)
      return ctx.fail(limitCode('listMembers'), `${shown} has more than ${listMembers} members`, args)
    const wrong = members.find((member) => sieveAddress(member) === undefined)
    if (wrong !== undefined)
      return ctx.fail('address', `${shown} has ${JSON.stringify(wrong.slice(0, 80))}, no mail address`, args)
    redirect(ctx, args, { address: list, members, copy: args.has('copy'), ...options })
    return undefined
  })
}

const ownersOwn = (ctx: RunContext, address: string): boolean =>
  ctx.environment.owner?.some((own) => isOwn(own, address)) === true

const redirect = (ctx: RunContext, args: Args, redirection: RedirectArgs): void =>
  ctx.act({ kind: 'redirect', args: redirection, cancelsImplicitKeep: !redirection.copy }, args)

/** §2.10.3: to each address once. */
export const REDIRECT_ACTION: ActionDef = {
  name: 'redirect',
  cancelsImplicitKeep: true,
  limit: 'redirects',
  unenclosed: true,
  onAdd(action, previous) {
    const { address, members } = (action as Action<'redirect'>).args
    const same = previous.find(
      (other) =>
        isAction(other, 'redirect') &&
        !other.earlier &&
        (other.args.members === undefined) === (members === undefined) &&
        sameMailbox(other.args.address, address) &&
        other.message.isSameAs(action.message),
    )
    return same === undefined ? { taken: 'add' } : { taken: 'merge', into: same, args: same.args }
  },
  start: startRedirect,
}
