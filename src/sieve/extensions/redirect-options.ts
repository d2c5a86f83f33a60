// SPDX-License-Identifier: Apache-2.0
/** `redirect` with delivery status notifications and a time to deliver by: RFC 6009 §4 and §6. */
import type { RedirectArgs } from '../action.ts'
import type { Args, SieveExtension } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { REDIRECT_IS_RESENT } from '../unsure.ts'

const NOTIFY = new Set(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'])

type Options = Omit<RedirectArgs, 'address' | 'list' | 'copy'>

/** @throws the fault of a value that is none */
export function redirectOptions(ctx: RunContext, args: Args): Options {
  return { ...dsn(ctx, args), ...deliverBy(ctx, args), ...resent(ctx, args) }
}

/** Where the host has the tags `:resent` and `:noresent` (private/arguments.ts). */
function resent(ctx: RunContext, args: Args): Pick<Options, 'resent'> {
  if (args.has('noresent')) return { resent: false }
  return args.has('resent') || ctx.supports('vnd.sun.resent')
    ? { resent: REDIRECT_IS_RESENT || args.has('resent') }
    : {}
}

function dsn(ctx: RunContext, args: Args): Pick<Options, 'notify' | 'ret'> {
  const notify = args.has('notify') ? args.strings('notify').map((word) => word.toUpperCase()) : undefined
  // RFC 3461 §4.1: NEVER stands alone.
  if (notify?.some((word) => !NOTIFY.has(word) || (word === 'NEVER' && notify.length > 1)))
    return ctx.fail('redirect-dsn', 'notify is NEVER, or some of SUCCESS, FAILURE and DELAY', args)
  const ret = args.has('ret') ? args.string('ret').toUpperCase() : undefined
  if (ret !== undefined && ret !== 'FULL' && ret !== 'HDRS')
    return ctx.fail('redirect-dsn', 'ret is FULL or HDRS', args)
  return { ...(notify === undefined ? {} : { notify }), ...(ret === undefined ? {} : { ret }) }
}

function deliverBy(ctx: RunContext, args: Args): Partial<Options> {
  const relative = args.has('bytimerelative') ? args.number('bytimerelative') : undefined
  const absolute = args.has('bytimeabsolute') ? Date.parse(args.string('bytimeabsolute')) : undefined
  if (absolute !== undefined && Number.isNaN(absolute))
    return ctx.fail('redirect-deliverby', 'bytimeabsolute is a date like 2026-11-24T12:00:00Z', args)
  if (relative === undefined && absolute === undefined) return {}
  const mode = args.has('bymode') ? args.string('bymode').toLowerCase() : 'notify'
  if (mode !== 'notify' && mode !== 'return') return ctx.fail('redirect-deliverby', 'bymode is notify or return', args)
  return {
    ...(relative === undefined ? {} : { byTimeRelative: relative }),
    ...(absolute === undefined ? {} : { byTimeAbsolute: absolute }),
    byMode: mode === 'return' ? 'R' : 'N',
    byTrace: args.has('bytrace'),
  }
}

export const REDIRECT_DSN: SieveExtension = {
  name: 'redirect-dsn',
  tags: [
    { name: 'notify', value: 'string-list', on: ['redirect'] },
    { name: 'ret', value: 'string', on: ['redirect'] },
  ],
}

export const REDIRECT_DELIVERBY: SieveExtension = {
  name: 'redirect-deliverby',
  tags: [
    { name: 'bytimerelative', value: 'number', group: 'bytime', on: ['redirect'] },
    { name: 'bytimeabsolute', value: 'string', group: 'bytime', on: ['redirect'] },
    { name: 'bymode', value: 'string', on: ['redirect'] },
    { name: 'bytrace', on: ['redirect'] },
  ],
}
