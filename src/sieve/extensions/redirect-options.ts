// SPDX-License-Identifier: Apache-2.0
/** `redirect` with delivery status notifications and a time to deliver by: RFC 6009 §4 and §6. */
import type { RedirectArgs } from '../action.ts'
import type { Args, SieveExtension } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { REDIRECT_IS_RESENT } from '../unsure.ts'

const NOTIFY = new Set(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'])

type Options = Omit<RedirectArgs, 'address' | 'members' | 'copy'>

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
  // §4: one string with commas. Strings of a list are taken too, which older scripts of this server have.
  const notify = args.has('notify')
    ? args.strings('notify').flatMap((words) =>
        words
          .toUpperCase()
          .split(',')
          .map((word) => word.trim()),
      )
    : undefined
  // RFC 3461 §4.1: NEVER stands alone.
  if (notify?.some((word) => !NOTIFY.has(word) || (word === 'NEVER' && notify.length > 1)))
    return ctx.fail('redirect-dsn', 'notify is NEVER, or some of SUCCESS, FAILURE and DELAY', args)
  const ret = args.has('ret') ? args.string('ret').toUpperCase() : undefined
  if (ret !== undefined && ret !== 'FULL' && ret !== 'HDRS')
    return ctx.fail('redirect-dsn', 'ret is FULL or HDRS', args)
  return { ...(notify === undefined ? {} : { notify }), ...(ret === undefined ? {} : { ret }) }
}

/** ISO 8601 as the date part `iso8601` has it; the zone may be that of the part `zone`, as in the example of §6. */
function readTime(text: string): number {
  const [, date, hours, minutes] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|([+-]\d\d):?(\d\d))$/i.exec(text) ?? []
  return date === undefined ? Number.NaN : Date.parse(`${date}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`)
}

function deliverBy(ctx: RunContext, args: Args): Partial<Options> {
  const relative = args.has('bytimerelative') ? args.number('bytimerelative') : undefined
  const absolute = args.has('bytimeabsolute') ? readTime(args.string('bytimeabsolute')) : undefined
  if (Number.isNaN(absolute))
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
  // §6: a mode and a trace are those of a time.
  afterCheck(_script, words, ctx) {
    for (const word of words)
      for (const tag of ['bymode', 'bytrace'])
        if (word.def.name === 'redirect' && word.has(tag) && !word.has('bytimerelative') && !word.has('bytimeabsolute'))
          ctx.error(word.spanOf(tag), 'tag-needs', `:${tag} needs :bytimerelative or :bytimeabsolute beside it`)
  },
}
