// SPDX-License-Identifier: Apache-2.0
/**
 * `novacation`, and what only tells: `transactionlog`, `debug`, `warn`, `loglevel` (spec filters.md 4). None of it
 * changes what becomes of the message.
 */
import type { ActionDef } from '../action.ts'
import type { SieveExtension, WordDef } from '../plugin.ts'
import type { RunContext, Slot } from '../run-context.ts'
import { shown } from '../text.ts'
import { DEBUG_FROM_LEVEL, WARN_FROM_LEVEL } from '../unsure.ts'
import type {} from './args.ts'
import { privateExtension } from './named.ts'

const LEVEL: Slot<{ level: number }> = { name: 'loglevel', init: () => ({ level: DEBUG_FROM_LEVEL }) }

/** One line, no control characters. */
const line = (text: string): string => shown(text.replace(/[\x00-\x1f\x7f]+/g, ' '))

const telling = (name: 'debug' | 'warn', from: number, severity: 'info' | 'warning'): WordDef => ({
  name,
  kind: 'command',
  positional: [{ name: 'text', type: 'string' }],
  execute(ctx: RunContext, args) {
    if (ctx.perRun(LEVEL).level >= from) ctx.note(severity, name, line(args.string('text')), args)
    return undefined
  },
})

const LOGLEVEL: WordDef = {
  name: 'loglevel',
  kind: 'command',
  positional: [{ name: 'level', type: 'number' }],
  execute(ctx, args) {
    ctx.perRun(LEVEL).level = args.number('level')
    return undefined
  },
}

const action = (name: 'novacation' | 'transactionlog'): ActionDef => ({
  name,
  cancelsImplicitKeep: false,
  internal: true,
  start: async () => ({ kind: 'skipped', reason: 'the host looks at it' }),
})

const NOVACATION: WordDef = {
  name: 'novacation',
  kind: 'command',
  execute: (ctx, args) => void ctx.act({ kind: 'novacation', args: {} }, args),
}

const TRANSACTIONLOG: WordDef = {
  name: 'transactionlog',
  kind: 'command',
  positional: [{ name: 'text', type: 'string' }],
  execute: (ctx, args) => void ctx.act({ kind: 'transactionlog', args: { text: line(args.string('text')) } }, args),
}

export const NOTES: readonly SieveExtension[] = [
  ...privateExtension('novacation', { words: [NOVACATION], actions: [action('novacation')] }),
  ...privateExtension('transactionlog', { words: [TRANSACTIONLOG], actions: [action('transactionlog')] }),
  ...privateExtension('debug', { words: [telling('debug', DEBUG_FROM_LEVEL, 'info')] }),
  ...privateExtension('warn', { words: [telling('warn', WARN_FROM_LEVEL, 'warning')] }),
  ...privateExtension('loglevel', { words: [LOGLEVEL] }),
]
