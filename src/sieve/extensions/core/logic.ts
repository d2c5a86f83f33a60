// SPDX-License-Identifier: Apache-2.0
/** `allof`, `anyof`, `not`, `true`, `false`: RFC 5228 §5.2, §5.3, §5.6, §5.8, §5.10. From left to right, no further than needed. */
import type { WordDef } from '../../plugin.ts'
import { firstOf, then } from '../../questions.ts'

export const ALLOF: WordDef = {
  name: 'allof',
  kind: 'test',
  positional: [{ name: 'tests', type: 'test-list' }],
  evaluate: (_ctx, args) =>
    then(
      firstOf(args.tests('tests'), (test) => then(test(), (holds) => (holds ? undefined : true))),
      (failed) => failed === undefined,
    ),
}

export const ANYOF: WordDef = {
  name: 'anyof',
  kind: 'test',
  positional: [{ name: 'tests', type: 'test-list' }],
  evaluate: (_ctx, args) =>
    then(
      firstOf(args.tests('tests'), (test) => then(test(), (holds) => (holds ? true : undefined))),
      (held) => held === true,
    ),
}

export const NOT: WordDef = {
  name: 'not',
  kind: 'test',
  positional: [{ name: 'test', type: 'test' }],
  evaluate: (_ctx, args) => then(args.test('test'), (holds) => !holds),
}

export const TRUE: WordDef = { name: 'true', kind: 'test', evaluate: () => true }
export const FALSE: WordDef = { name: 'false', kind: 'test', evaluate: () => false }
