// SPDX-License-Identifier: Apache-2.0
/**
 * `duplicate`, RFC 7352. What is found new is remembered by an action that is carried out last, when everything else was
 * (§3); so a run never sees its own marks.
 */
import { createHash } from 'node:crypto'
import type { ActionDef } from '../action.ts'
import type { Args, ConfigKey, SieveExtension, WordDef } from '../plugin.ts'
import { then } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { startDuplicate } from '../services/start-duplicate.ts'
import { DUPLICATE_SECONDS } from '../unsure.ts'

export interface DuplicateConfig {
  readonly defaultSeconds: number
  readonly maxSeconds: number
}

export const DUPLICATE_CONFIG: ConfigKey<DuplicateConfig> = {
  extension: 'duplicate',
  defaults: { defaultSeconds: DUPLICATE_SECONDS, maxSeconds: 4 * DUPLICATE_SECONDS },
  read(value) {
    const { defaultSeconds, maxSeconds } = { ...DUPLICATE_CONFIG.defaults, ...(value as object) }
    if (!(defaultSeconds > 0) || !(maxSeconds > 0))
      throw new Error('duplicate: defaultSeconds and maxSeconds are seconds')
    return { defaultSeconds, maxSeconds }
  },
}

/**
 * §3.2: where an identifier is from makes no difference, its handle does; no handle is another one than any. Only a hash
 * is remembered, since identifiers may be words of a message (§6).
 */
function idOf(ctx: RunContext, args: Args): string | undefined {
  const value = args.has('uniqueid') ? args.string('uniqueid') : fieldValue(ctx, args)
  if (value === undefined) return undefined
  const id = args.has('handle') ? `${args.string('handle').length} ${args.string('handle')} ${value}` : ` ${value}`
  return createHash('sha256').update(id).digest('hex')
}

/** §3.1: the first field, unfolded, decoded, trimmed. No such field: no duplicate, and nothing is remembered. */
function fieldValue(ctx: RunContext, args: Args): string | undefined {
  const value = ctx.message.fieldsNamed(args.has('header') ? args.string('header') : 'message-id')[0]?.decoded
  return value === '' ? undefined : value
}

const DUPLICATE: WordDef = {
  name: 'duplicate',
  kind: 'test',
  tags: [
    { name: 'header', value: 'string', group: 'id' },
    { name: 'uniqueid', value: 'string', group: 'id' },
    { name: 'handle', value: 'string' },
    { name: 'seconds', value: 'number' },
    { name: 'last' },
  ],
  perRecipient: true,
  evaluate(ctx, args) {
    const id = idOf(ctx, args)
    const { defaultSeconds, maxSeconds } = ctx.config(DUPLICATE_CONFIG)
    const seconds = Math.min(args.has('seconds') ? args.number('seconds') : defaultSeconds, maxSeconds)
    // §3.3: zero seconds are over at once.
    if (id === undefined || seconds === 0) return false
    return then(ctx.ask({ ask: 'sieve.duplicate', id }), ({ kind }) => {
      // §3.3: the time runs from the first sighting, with `:last` from the last one.
      if (kind === 'absent' || args.has('last')) ctx.act({ kind: 'duplicate', args: { id, seconds } }, args)
      return kind === 'found'
    })
  },
}

const MARK: ActionDef = { name: 'duplicate', cancelsImplicitKeep: false, internal: true, start: startDuplicate }

export const DUPLICATE_EXTENSION: SieveExtension = {
  name: 'duplicate',
  words: [DUPLICATE],
  actions: [MARK],
  config: DUPLICATE_CONFIG,
}
