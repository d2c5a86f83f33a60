// SPDX-License-Identifier: Apache-2.0
/** What `:type`, `:subtype`, `:contenttype` and `:param` make of the fields of a part, RFC 5703 §4.1. */
import { parseContentType } from '../../mime/content-type.ts'
import { TextList } from '../match/text-list.ts'
import type { Field } from '../message.ts'
import type { Args } from '../plugin.ts'

export function mimeTexts(args: Args, fields: readonly Field[]): TextList {
  const option = ['type', 'subtype', 'contenttype', 'param'].find((name) => args.has(name))
  if (option === undefined) return TextList.of(fields.map(({ decoded }) => decoded))
  return TextList.of(fields.flatMap((field) => read(option, args, field)))
}

function read(option: string, args: Args, { value, lowerName }: Field): readonly string[] {
  const { type, parameters } = parseContentType(value)
  if (option === 'param') {
    const wanted = args.strings('param').map((name) => name.toLowerCase())
    return wanted.flatMap((name) => parameters.get(name) ?? [])
  }
  // Content-Disposition has one word where Content-Type has two; other fields have neither.
  if (lowerName === 'content-disposition') return [option === 'subtype' ? '' : type]
  if (lowerName !== 'content-type') return ['']
  const slash = type.indexOf('/')
  if (option === 'contenttype' || slash < 0) return [option === 'subtype' ? '' : type]
  return [option === 'type' ? type.slice(0, slash) : type.slice(slash + 1)]
}
