// SPDX-License-Identifier: Apache-2.0
/** `allof`, `anyof`, `not`, `true`, `false`: RFC 5228 §5.2, §5.3, §5.6, §5.8, §5.10. From left to right, no further than needed. */
import type { WordDef } from '../../plugin.ts'
import { type Maybe, then } from '../../questions.ts'

const opposite = (result: Maybe<boolean>): Maybe<boolean> =>
  typeof result === 'boolean' ? !result : then(result, (holds) => !holds)

export const ALLOF: WordDef = {
  name: 'allof',
  kind: 'test',
  positional: [{ name: 'tests', type: 'test-list' }],
  evaluate: (_ctx, args) => opposite(args.someTest('tests', false)),
}

export const ANYOF: WordDef = {
  name: 'anyof',
  kind: 'test',
  positional: [{ name: 'tests', type: 'test-list' }],
  evaluate: (_ctx, args) => args.someTest('tests', true),
}

export const NOT: WordDef = {
  name: 'not',
  kind: 'test',
  positional: [{ name: 'test', type: 'test' }],
  evaluate: (_ctx, args) => opposite(args.test('test')),
}

export const TRUE: WordDef = { name: 'true', kind: 'test', evaluate: () => true }
export const FALSE: WordDef = { name: 'false', kind: 'test', evaluate: () => false }
