// SPDX-License-Identifier: Apache-2.0
/** Which fields a test looks at: those of the message, or with `:mime` those of a part (RFC 5703 §4). */

import type { MimePart } from '../../../mime/structure.ts'
import type { CompiledWord } from '../../compiled.ts'
import { Field } from '../../message.ts'
import type { Args, ValidateContext } from '../../plugin.ts'
import type { RunContext } from '../../run-context.ts'
import { currentPart } from './loops.ts'

/** RFC 5322 §3.6.8 */
const FIELD_NAME = /^[!-9;-~]{1,998}$/

export const isFieldName = (name: string): boolean => FIELD_NAME.test(name)

/**
 * Looks at names that are known when the script is compiled. In a command a bad one is a mistake; in a test it finds
 * nothing and must not be an error (RFC 5228 §2.4.2.2).
 */
export function checkFieldNames(word: CompiledWord, ctx: ValidateContext, argument: string): void {
  for (const [i, constant] of word.constants(argument).entries()) {
    if (constant === undefined || isFieldName(constant)) continue
    const message = `${JSON.stringify(constant.slice(0, 60))} is no name of a header field`
    const span = word.spanOf(argument, i)
    if (word.def.kind === 'test') ctx.warning(span, 'header-name', message)
    else ctx.error(span, 'header-name', message)
  }
}

/** RFC 5703 §4.1: `:anychild` means the part and all within it. */
export function* withChildren(part: MimePart): Iterable<MimePart> {
  const waiting = [part]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next
    waiting.push(...next.children.toReversed())
  }
}

const partFields = new WeakMap<MimePart, readonly Field[]>()

function fieldsOfPart(part: MimePart): readonly Field[] {
  let fields = partFields.get(part)
  if (fields === undefined) {
    fields = part.fields.map((field) => new Field(field))
    partFields.set(part, fields)
  }
  return fields
}

/** The fields of these names, in the order of the names (RFC 5260 §6), `:index` and `:last` applied. */
export function selectFields(ctx: RunContext, args: Args, names: readonly string[]): readonly Field[] {
  if (!args.has('mime')) {
    const all = names.flatMap((name) => ctx.message.fieldsNamed(name))
    return args.indexed(all)
  }
  const part = currentPart(ctx)
  const parts = args.has('anychild') ? [...withChildren(part)] : [part]
  ctx.spend(parts.length)
  const lower = names.map((name) => name.toLowerCase())
  // The message itself has the fields that were edited.
  const fieldsOf = (one: MimePart): readonly Field[] =>
    one === ctx.message.root ? ctx.message.fields : fieldsOfPart(one)
  const found = lower.flatMap((name) => parts.flatMap((one) => fieldsOf(one).filter((f) => f.lowerName === name)))
  return args.indexed(found)
}
