// SPDX-License-Identifier: Apache-2.0
/** `addheader` and `deleteheader`, RFC 5293. Later tests and actions see what was changed. */
import { encodeText } from '../../mime/encoded-word.ts'
import { field } from '../../mime/fields.ts'
import { limitCode } from '../limits.ts'
import { TextList } from '../match/text-list.ts'
import { Field } from '../message.ts'
import type { Args, ConfigKey, SieveExtension, WordDef } from '../plugin.ts'
import { isAsking, type SieveAsking } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { checkFieldNames, isFieldName } from './core/header-fields.ts'

export interface EditHeaderConfig {
  /** Lower case. */
  readonly noAdd: readonly string[]
  readonly noDelete: readonly string[]
}

/** §6: Received and Auto-Submitted stay; Subject must be free. RFC 5703 §5: so do those that tell of a `replace`. */
const ALWAYS_KEPT = ['received', 'auto-submitted', 'original-subject', 'original-from']

const names = (value: unknown, key: string): readonly string[] => {
  const list = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  if (list === undefined) return []
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string'))
    throw new Error(`editheader: ${key} is a list`)
  return list.map((name: string) => name.toLowerCase()).filter((name) => name !== 'subject')
}

export const EDITHEADER_CONFIG: ConfigKey<EditHeaderConfig> = {
  extension: 'editheader',
  defaults: { noAdd: [], noDelete: [] },
  read: (value) => ({ noAdd: names(value, 'noAdd'), noDelete: names(value, 'noDelete') }),
}

export function countEdit(ctx: RunContext, args: Args): void {
  if (ctx.message.headerEdits.length >= ctx.limits.headerEdits)
    ctx.fail(limitCode('headerEdits'), `more than ${ctx.limits.headerEdits} edits of the header`, args)
}

/** Puts a field into the header, in front or at the end. */
export function addField(ctx: RunContext, args: Args, name: string, value: string): void {
  if (!isFieldName(name) || name.length > 76)
    ctx.fail('header-name', `${JSON.stringify(name.slice(0, 60))} is no name of a header field`, args)
  if (Buffer.byteLength(value) > ctx.limits.headerBytes)
    ctx.fail(limitCode('headerBytes'), `a field of more than ${ctx.limits.headerBytes} octets`, args)
  if (ctx.config(EDITHEADER_CONFIG).noAdd.includes(name.toLowerCase())) {
    ctx.note('warning', 'header-protected', `${name} must not be added`, args)
    return
  }
  countEdit(ctx, args)
  ctx.replaceMessage(ctx.message.withAdded(fieldOf(name, value), args.has('last')))
}

/** Folded and without line ends of its own, whatever the value holds; not ASCII: encoded words (§4). */
function fieldOf(name: string, value: string): Field {
  const clean = value.replace(/[\r\n]+[ \t]*/g, ' ')
  return new Field({ name, raw: Buffer.from(field(name, encodeText(clean))), value: clean.trim() })
}

const ADDHEADER: WordDef = {
  name: 'addheader',
  kind: 'command',
  tags: [{ name: 'last' }],
  positional: [
    { name: 'field-name', type: 'string' },
    { name: 'value', type: 'string' },
  ],
  validate: (word, ctx) => checkFieldNames(word, ctx, 'field-name'),
  execute: (ctx, args) => void addField(ctx, args, args.string('field-name'), args.string('value')),
}

export const DELETEHEADER: WordDef = {
  name: 'deleteheader',
  kind: 'command',
  index: true,
  positional: [
    { name: 'field-name', type: 'string' },
    { name: 'value-patterns', type: 'string-list', optional: true },
  ],
  match: { keys: 'value-patterns', noCaptures: true },
  validate: (word, ctx) => checkFieldNames(word, ctx, 'field-name'),
  execute: deleteHeader,
}

function* deleteHeader(ctx: RunContext, args: Args): SieveAsking<undefined> {
  for (const one of yield* fieldsToChange(ctx, args)) {
    countEdit(ctx, args)
    ctx.replaceMessage(ctx.message.withDeleted(one))
  }
  return undefined
}

/** The fields that the arguments of `deleteheader` mean; none of one that must stay. */
export function* fieldsToChange(ctx: RunContext, args: Args): SieveAsking<readonly Field[]> {
  const name = args.string('field-name').toLowerCase()
  const { noDelete } = ctx.config(EDITHEADER_CONFIG)
  if (ALWAYS_KEPT.includes(name) || noDelete.includes(name)) {
    ctx.note('warning', 'header-protected', `${name} must not be deleted`, args)
    return []
  }
  // §5: `:index` counts all fields of the name, whether their values match or not.
  const named = args.indexed(ctx.message.fieldsNamed(name))
  if (!args.has('value-patterns')) return named
  const wanted: Field[] = []
  for (const one of named) {
    const matching = args.match(TextList.of([one.decoded]))
    if (isAsking(matching) ? yield* matching : matching) wanted.push(one)
  }
  return wanted
}

export const EDITHEADER: SieveExtension = {
  name: 'editheader',
  words: [ADDHEADER, DELETEHEADER],
  config: EDITHEADER_CONFIG,
}
