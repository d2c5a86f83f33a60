// SPDX-License-Identifier: Apache-2.0
/** `spamtest` and `virustest`, RFC 5235. The host says what is known; "0" is: nothing was tested. */
import { TextList } from '../match/text-list.ts'
import type { Args, SieveExtension, WordDef } from '../plugin.ts'
import { then } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { percentOf, roundScore } from '../unsure.ts'

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

function matchScore(ctx: RunContext, args: Args, of: 'spam' | 'virus', toValue: (score: number) => number) {
  return then(ctx.ask({ ask: 'sieve.score', of }), (found) => {
    // `:count` tells whether there was a test (§2.1).
    const counting = args.word.match?.type.name === 'count'
    if (found.kind === 'absent') return args.match(TextList.of(counting ? [] : ['0']))
    const { score, text = '' } = found.value
    return args.match(TextList.of([`${toValue(score)}${text}`]))
  })
}

const SPAMTEST: WordDef = {
  name: 'spamtest',
  kind: 'test',
  positional: [{ name: 'value', type: 'string' }],
  match: { keys: 'value', noCaptures: true },
  perRecipient: true,
  evaluate: (ctx, args) =>
    matchScore(ctx, args, 'spam', (score) =>
      args.has('percent') ? percentOf(score) : clamp(roundScore(score), 0, 10),
    ),
}

const VIRUSTEST: WordDef = {
  name: 'virustest',
  kind: 'test',
  positional: [{ name: 'value', type: 'string' }],
  match: { keys: 'value', noCaptures: true },
  evaluate: (ctx, args) => matchScore(ctx, args, 'virus', (score) => clamp(roundScore(score), 0, 5)),
}

export const SPAMTEST_EXTENSIONS: readonly SieveExtension[] = [
  { name: 'spamtest', words: [SPAMTEST] },
  { name: 'spamtestplus', implies: ['spamtest'], tags: [{ name: 'percent', on: ['spamtest'] }] },
  { name: 'virustest', words: [VIRUSTEST] },
]
