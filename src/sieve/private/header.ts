// SPDX-License-Identifier: Apache-2.0
/**
 * `addheader "Name: value"`, the whole line in one string, and `replaceheader` of draft-degener-sieve-editheader-00 (spec
 * filters.md 3 and 4). With two strings `addheader` is that of RFC 5293 and needs its `require`.
 */

import { checkFieldNames, isFieldName } from '../extensions/core/header-fields.ts'
import { addField, countEdit, DELETEHEADER, EDITHEADER, fieldsToChange } from '../extensions/editheader.ts'
import type { Args, SieveExtension, WordDef } from '../plugin.ts'
import type { SieveAsking } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { privateExtension } from './named.ts'

/** Name and value of a header line. */
export function splitLine(line: string): readonly [name: string, value: string] | undefined {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0)).trimEnd()
  return isFieldName(name) ? [name, line.slice(colon + 1).trim()] : undefined
}

const ADDHEADER: WordDef = {
  name: 'addheader',
  kind: 'command',
  tags: [{ name: 'last' }],
  positional: [
    { name: 'field-name', type: 'string', optional: true },
    { name: 'value', type: 'string' },
  ],
  validate(word, ctx) {
    if (word.has('field-name')) {
      checkFieldNames(word, ctx, 'field-name')
      if (!ctx.enabled('editheader'))
        ctx.error(word.nameSpan, 'missing-require', 'addheader with two strings needs require "editheader"')
    } else {
      const line = word.constant('value')
      if (line !== undefined && splitLine(line) === undefined)
        ctx.error(word.spanOf('value'), 'header-name', 'expected "Name: value"')
    }
  },
  execute(ctx, args) {
    const value = args.string('value')
    const line = args.has('field-name') ? ([args.string('field-name'), value] as const) : splitLine(value)
    if (line === undefined) return ctx.fail('header-name', 'expected "Name: value"', args)
    addField(ctx, args, ...line)
    return undefined
  },
}

const REPLACEHEADER: WordDef = {
  name: 'replaceheader',
  kind: 'command',
  tags: [
    { name: 'newname', value: 'string' },
    { name: 'newvalue', value: 'string' },
  ],
  index: true,
  positional: [
    { name: 'field-name', type: 'string' },
    { name: 'value-patterns', type: 'string-list', optional: true },
  ],
  match: { keys: 'value-patterns' },
  validate(word, ctx) {
    checkFieldNames(word, ctx, 'field-name')
    checkFieldNames(word, ctx, 'newname')
    if (!ctx.enabled('editheader'))
      ctx.error(word.nameSpan, 'missing-require', 'replaceheader needs require "editheader"')
    if (!word.has('newname') && !word.has('newvalue'))
      ctx.error(word.nameSpan, 'missing-tag', 'replaceheader needs one of :newname, :newvalue')
  },
  execute: replaceHeader,
}

function* replaceHeader(ctx: RunContext, args: Args): SieveAsking<undefined> {
  const found = yield* fieldsToChange(ctx, args)
  // New fields go in front: from the last to the first, so that their order stays.
  for (const old of found.toReversed()) {
    countEdit(ctx, args)
    ctx.replaceMessage(ctx.message.withDeleted(old))
    const name = args.has('newname') ? args.string('newname') : old.name
    addField(ctx, args, name, args.has('newvalue') ? args.string('newvalue') : old.decoded)
  }
  return undefined
}

/** In place of the extension of RFC 5293, whose word `addheader` is the same. */
export const EDITHEADER_WITHOUT_ADDHEADER: SieveExtension = { ...EDITHEADER, words: [DELETEHEADER] }

export const HEADER_EXTENSIONS: readonly SieveExtension[] = [
  ...privateExtension('addheader', { words: [ADDHEADER] }),
  ...privateExtension('replaceheader', { words: [REPLACEHEADER] }),
]
