// SPDX-License-Identifier: Apache-2.0
/** `exists`, RFC 5228 §5.5: all of these fields are there. */
import type { WordDef } from '../../plugin.ts'
import { checkFieldNames, selectFields } from './header-fields.ts'

export const EXISTS: WordDef = {
  name: 'exists',
  kind: 'test',
  positional: [{ name: 'header-names', type: 'string-list' }],
  validate: (word, ctx) => checkFieldNames(word, ctx, 'header-names'),
  evaluate: (ctx, args) =>
    args.strings('header-names').every((name) => {
      ctx.spend(1)
      const fields = args.has('mime') ? selectFields(ctx, args, [name]) : ctx.message.fieldsNamed(name)
      return fields.length > 0
    }),
}
