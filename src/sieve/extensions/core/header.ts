// SPDX-License-Identifier: Apache-2.0
/** `header`, RFC 5228 §5.7: values unfolded, trimmed, encoded words decoded. `:count` counts fields (RFC 5231 §4.2). */
import { TextList } from '../../match/text-list.ts'
import type { Args, WordDef } from '../../plugin.ts'
import type { RunContext, Slot } from '../../run-context.ts'
import { mimeTexts } from '../mime-options.ts'
import { checkFieldNames, selectFields } from './header-fields.ts'
import { padded, warnOfKeys } from './never.ts'

/** Values of several names together, kept so that their normal forms are made once a message. */
const SEVERAL: Slot<Map<string, TextList>> = { name: 'header', init: () => new Map() }

export const HEADER: WordDef = {
  name: 'header',
  kind: 'test',
  positional: [
    { name: 'header-names', type: 'string-list' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  validate(word, ctx) {
    checkFieldNames(word, ctx, 'header-names')
    if (word.shape.match?.type.name === 'is' && !word.has('param')) warnOfKeys(word, ctx, padded)
  },
  evaluate: (ctx, args) => args.match(texts(ctx, args)),
}

function texts(ctx: RunContext, args: Args): TextList {
  const names = args.list('header-names')
  if (args.has('mime')) return mimeTexts(args, selectFields(ctx, args, names.texts))
  if (args.has('index')) return TextList.of(selectFields(ctx, args, names.texts).map(({ decoded }) => decoded))
  if (names.length === 1) return ctx.message.textsOf(names.at(0))
  const kept = ctx.perMessage(SEVERAL)
  let list = kept.get(names.key)
  if (list === undefined) {
    list = TextList.of(names.texts.flatMap((name) => ctx.message.textsOf(name).texts))
    if (kept.size < 1000) kept.set(names.key, list)
  }
  return list
}
