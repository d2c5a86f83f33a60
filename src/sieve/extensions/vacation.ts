// SPDX-License-Identifier: Apache-2.0
/** `vacation`, RFC 5230, with `:seconds` of RFC 6131. What is sent and what is remembered: services/start-vacation.ts. */
import { createHash } from 'node:crypto'
import type { ActionDef } from '../action.ts'
import { limitCode } from '../limits.ts'
import type { Args, ConfigKey, SieveExtension, WordDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { startVacation } from '../services/start-vacation.ts'
import { fccArgs } from './fcc.ts'
import { sieveAddress } from './sieve-address.ts'
import { vacationSuppressed } from './vacation-rules.ts'

export interface VacationConfig {
  /** Seconds. §4.1 asks for a minimum of a day or so, and a maximum of seven days at least. */
  readonly minSeconds: number
  readonly maxSeconds: number
  readonly defaultSeconds: number
  /** The minimum for `:seconds`; RFC 6131 §2: 0 is "always reply". */
  readonly minSecondsTag: number
}

const HOUR = 3600
const DAY = 24 * HOUR

export const VACATION_CONFIG: ConfigKey<VacationConfig> = {
  extension: 'vacation',
  defaults: { minSeconds: DAY, maxSeconds: 60 * DAY, defaultSeconds: 7 * DAY, minSecondsTag: 60 },
  read(value) {
    const read = { ...VACATION_CONFIG.defaults, ...(value as object) }
    for (const seconds of Object.values(read))
      if (!Number.isFinite(seconds) || seconds < 0) throw new Error('vacation: all values are seconds')
    return read
  },
}

function period(ctx: RunContext, args: Args): number {
  const { minSeconds, maxSeconds, defaultSeconds, minSecondsTag } = ctx.config(VACATION_CONFIG)
  // Out of range is capped without a word (§4.1, RFC 6131 §2).
  const cap = (seconds: number, least: number): number => Math.min(Math.max(seconds, least), maxSeconds)
  if (args.has('seconds')) return cap(args.number('seconds'), minSecondsTag)
  // A private argument (private/arguments.ts); as fine as seconds are.
  if (args.has('hours')) return cap(args.number('hours') * HOUR, minSecondsTag)
  return cap(args.has('days') ? args.number('days') * DAY : defaultSeconds, minSeconds)
}

/** §4.2: the same handle is the same reply; without one the same arguments are, before variables come in. */
function handleOf(args: Args): string {
  if (args.has('handle')) return `handle ${args.string('handle').slice(0, 500)}`
  const written = ['subject', 'from', 'reason'].map((name) => writtenText(args, name))
  return createHash('sha256')
    .update(JSON.stringify([...written, args.has('mime')]))
    .digest('hex')
}

/** A string as it stands in the script; `null`: it is not there. */
function writtenText({ word }: Args, name: string): string | null {
  const node = word.argumentNode(name)
  return node?.node === 'string' ? node.value : null
}

const VACATION: WordDef = {
  name: 'vacation',
  kind: 'command',
  tags: [
    { name: 'days', value: 'number', group: 'period' },
    { name: 'subject', value: 'string' },
    { name: 'from', value: 'string' },
    { name: 'addresses', value: 'string-list' },
    { name: 'mime' },
    { name: 'handle', value: 'string' },
  ],
  positional: [{ name: 'reason', type: 'string' }],
  perRecipient: true,
  validate(word, ctx) {
    for (const tag of ['from', 'addresses']) {
      for (const [i, constant] of word.constants(tag).entries())
        if (constant !== undefined && sieveAddress(constant) === undefined)
          ctx.error(word.spanOf(tag, i), 'address', `${JSON.stringify(constant.slice(0, 80))} is no mail address`)
    }
  },
  execute(ctx, args) {
    const reason = args.string('reason')
    if (Buffer.byteLength(reason) > ctx.limits.textBytes)
      return ctx.fail(limitCode('textBytes'), `a reply of more than ${ctx.limits.textBytes} octets`, args)
    if (reason.includes('\0')) return ctx.fail('nul', 'a NUL in a reply', args)
    const from = args.has('from') ? args.string('from') : undefined
    if (from !== undefined && sieveAddress(from) === undefined)
      return ctx.fail('address', `${JSON.stringify(from.slice(0, 80))} is no mail address`, args)
    const suppressed = vacationSuppressed(ctx, args.has('addresses') ? args.strings('addresses') : [])
    const fcc = fccArgs(args)
    ctx.act(
      {
        kind: 'vacation',
        args: {
          reason,
          mime: args.has('mime'),
          ...(args.has('subject') ? { subject: args.string('subject') } : {}),
          ...(from === undefined ? {} : { from }),
          to: ctx.envelope.from ?? '',
          seconds: period(ctx, args),
          handle: handleOf(args),
          ...(fcc === undefined ? {} : { fcc }),
          ...(suppressed === undefined ? {} : { suppressed }),
        },
      },
      args,
    )
    return undefined
  },
}

/** §4.7: not beside a refusal; the implicit keep stays. */
const VACATION_ACTION: ActionDef = {
  name: 'vacation',
  cancelsImplicitKeep: false,
  conflictsWith: ['reject', 'ereject'],
  limit: 'vacations',
  start: startVacation,
}

export const VACATION_EXTENSION: SieveExtension = {
  name: 'vacation',
  words: [VACATION],
  actions: [VACATION_ACTION],
  config: VACATION_CONFIG,
}

/** RFC 6131 */
export const VACATION_SECONDS: SieveExtension = {
  name: 'vacation-seconds',
  implies: ['vacation'],
  tags: [{ name: 'seconds', value: 'number', group: 'period', on: ['vacation'] }],
}
