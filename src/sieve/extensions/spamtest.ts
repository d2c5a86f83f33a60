// SPDX-License-Identifier: Apache-2.0
/** `spamtest` and `virustest`, RFC 5235. The host says what is known; "0" is: nothing was tested. */
import { TextList } from '../match/text-list.ts'
import type { Args, SieveExtension, WordDef } from '../plugin.ts'
import { isAsking, type Score, type SieveAsking } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { percentOf, roundScore, scoreText } from '../unsure.ts'

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

/** What a run itself knows of a score, beside what the host says. */
export type Adjustment = (ctx: RunContext) => Score | undefined

function* scoreOf(ctx: RunContext, of: 'spam' | 'virus', adjust: Adjustment): SieveAsking<Score | undefined> {
  const found = yield* ctx.ask({ ask: 'sieve.score', of })
  const known = found.kind === 'found' ? found.value : undefined
  const own = adjust(ctx)
  if (known === undefined || own === undefined) return own ?? known
  return { score: known.score + own.score, text: `${known.text ?? ''}${own.text ?? ''}` }
}

function* matchScore(
  ctx: RunContext,
  args: Args,
  of: 'spam' | 'virus',
  toValue: (score: number) => number,
  adjust: Adjustment = () => undefined,
): SieveAsking<boolean> {
  const known = yield* scoreOf(ctx, of, adjust)
  // `:count` tells whether there was a test (§3.1).
  const counting = args.word.shape.match?.type.name === 'count'
  const untested = counting ? [] : ['0']
  const values = known === undefined ? untested : [scoreText(toValue(known.score), known.text ?? '')]
  const matched = args.match(TextList.of(values))
  return isAsking(matched) ? yield* matched : matched
}

export const spamtestWord = (adjust?: Adjustment): WordDef => ({
  name: 'spamtest',
  kind: 'test',
  positional: [{ name: 'value', type: 'string' }],
  match: { keys: 'value', noCaptures: true },
  perRecipient: true,
  evaluate: (ctx, args) =>
    matchScore(
      ctx,
      args,
      'spam',
      (score) => (args.has('percent') ? percentOf(score) : clamp(roundScore(score), 0, 10)),
      adjust,
    ),
})

const VIRUSTEST: WordDef = {
  name: 'virustest',
  kind: 'test',
  positional: [{ name: 'value', type: 'string' }],
  match: { keys: 'value', noCaptures: true },
  evaluate: (ctx, args) => matchScore(ctx, args, 'virus', (score) => clamp(roundScore(score), 0, 5)),
}

export const SPAMTEST_EXTENSIONS: readonly SieveExtension[] = [
  { name: 'spamtest', words: [spamtestWord()] },
  { name: 'spamtestplus', implies: ['spamtest'], tags: [{ name: 'percent', on: ['spamtest'] }] },
  { name: 'virustest', words: [VIRUSTEST] },
]
