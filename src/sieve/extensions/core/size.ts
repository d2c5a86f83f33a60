// SPDX-License-Identifier: Apache-2.0
/** `size`, RFC 5228 §5.9. A message of exactly the size is neither over nor under. */
import { traceCompared } from '../../match/match-types.ts'
import type { WordDef } from '../../plugin.ts'

export const SIZE: WordDef = {
  name: 'size',
  kind: 'test',
  tags: [
    { name: 'over', group: 'relation' },
    { name: 'under', group: 'relation' },
  ],
  oneOf: ['relation'],
  positional: [{ name: 'limit', type: 'number' }],
  evaluate(ctx, args) {
    const { size } = ctx.message
    traceCompared(ctx, String(size))
    return args.has('over') ? size > args.number('limit') : size < args.number('limit')
  },
}
