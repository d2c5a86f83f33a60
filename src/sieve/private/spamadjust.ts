// SPDX-License-Identifier: Apache-2.0
/**
 * `spamadjust "text"`: adds the number in the text to the score of the message, and the text to its text (spec filters.md
 * 5). `spamtest` sees what the host knows with what this run added; the host adds up the actions for those after it.
 */
import { type ActionDef, isAction } from '../action.ts'
import { type Adjustment, spamtestWord } from '../extensions/spamtest.ts'
import { limitCode } from '../limits.ts'
import type { SieveExtension, WordDef } from '../plugin.ts'
import type { Score } from '../questions.ts'
import type {} from './args.ts'

/** A signed real number; the first one counts. */
const NUMBER = /[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})/

/** Sums stay exact enough below this. */
const FAR = 1_000_000

/** The number in a text of `spamadjust`; none: 0 (spec filters.md 5). */
export function adjustmentIn(text: string): number {
  const number = Number(NUMBER.exec(text)?.[0] ?? 0)
  return Math.min(FAR, Math.max(-FAR, number))
}

/** What the actions of a run add to the score; `undefined` when none does. */
export function adjustmentOf(actions: Iterable<{ readonly kind: string; readonly args: unknown }>): Score | undefined {
  let sum: { score: number; text: string } | undefined
  for (const { kind, args } of actions) {
    if (kind !== 'spamadjust') continue
    const { score, text } = args as { score: number; text: string }
    sum = { score: (sum?.score ?? 0) + score, text: (sum?.text ?? '') + text }
  }
  return sum
}

/** What earlier scripts added, the host has counted. */
const ofThisRun: Adjustment = (ctx) => adjustmentOf(ctx.actions.all.filter(({ earlier }) => !earlier))

const SPAMADJUST: WordDef = {
  name: 'spamadjust',
  kind: 'command',
  positional: [{ name: 'text', type: 'string' }],
  execute(ctx, args) {
    const text = args.string('text')
    const octets = ctx.actions.all.reduce(
      (sum, action) => sum + (isAction(action, 'spamadjust') && !action.earlier ? action.args.text.length : 0),
      text.length,
    )
    if (octets > ctx.limits.textBytes)
      return ctx.fail(limitCode('textBytes'), `spamadjust texts of more than ${ctx.limits.textBytes} characters`, args)
    ctx.act({ kind: 'spamadjust', args: { score: adjustmentIn(text), text } }, args)
    return undefined
  },
}

const ACTION: ActionDef = {
  name: 'spamadjust',
  cancelsImplicitKeep: false,
  internal: true,
  start: async () => ({ kind: 'skipped', reason: 'the host keeps scores' }),
}

/** In place of the extension of RFC 5235: the action has no name of its own, `require "spamtest"` is its too. */
export const SPAMTEST_WITH_ADJUST: SieveExtension = {
  name: 'spamtest',
  words: [spamtestWord(ofThisRun), SPAMADJUST],
  actions: [ACTION],
}
