// SPDX-License-Identifier: Apache-2.0
/** `date`, `currentdate` and `index`, RFC 5260. */
import { type DateTime, parseDateTime, zoneMinutes } from '../../mime/date-time.ts'
import type { CompiledWord } from '../compiled.ts'
import { TextList } from '../match/text-list.ts'
import type { Args, SieveExtension, ValidateContext, WordDef } from '../plugin.ts'
import { then } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { DEFAULT_OFFSET_MINUTES } from '../unsure.ts'
import { checkFieldNames, selectFields } from './core/header-fields.ts'
import { warnOfKeys } from './core/never.ts'
import { DATE_FORMS, DATE_PARTS, datePart } from './date-parts.ts'

const ZONE = /^[+-][0-9]{4}$/

function checkDate(word: CompiledWord, ctx: ValidateContext): void {
  const name = word.constant('date-part')
  if (name !== undefined && !DATE_PARTS.has(name.toLowerCase()))
    ctx.error(word.spanOf('date-part'), 'date-part', `${JSON.stringify(name.slice(0, 40))} is no part of a date`)
  const form = DATE_FORMS.get(name?.toLowerCase() ?? '')
  if (form !== undefined && word.shape.match?.type.name === 'is')
    warnOfKeys(word, ctx, (key) => (form.pattern.test(key) ? undefined : `${name} is ${form.like}`))
  const offset = word.constant('zone')
  if (offset !== undefined && (!ZONE.test(offset) || zoneMinutes(offset) === undefined))
    ctx.error(word.spanOf('zone'), 'time-zone', `${JSON.stringify(offset.slice(0, 40))} is no time zone: write "+0130"`)
}

/** The offset of `:zone`; without it that of the server (§4.1). */
export function offsetFor(ctx: RunContext, args: Args, { ms, offsetMinutes }: DateTime): number {
  if (args.has('originalzone')) return offsetMinutes
  if (!args.has('zone')) return ctx.environment.offsetMinutes?.(ms) ?? DEFAULT_OFFSET_MINUTES
  const zone = args.string('zone')
  const minutes = ZONE.test(zone) ? zoneMinutes(zone) : undefined
  return minutes ?? ctx.fail('time-zone', `${JSON.stringify(zone.slice(0, 40))} is no time zone`, args)
}

const partOf = (ctx: RunContext, args: Args, at: DateTime): readonly string[] => {
  const value = datePart(args.string('date-part').toLowerCase(), at.ms, offsetFor(ctx, args, at))
  return value === undefined ? [] : [value]
}

const DATE: WordDef = {
  name: 'date',
  kind: 'test',
  tags: [
    { name: 'zone', value: 'string', group: 'zone' },
    { name: 'originalzone', group: 'zone' },
  ],
  positional: [
    { name: 'header-name', type: 'string' },
    { name: 'date-part', type: 'string' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  validate(word, ctx) {
    checkFieldNames(word, ctx, 'header-name')
    checkDate(word, ctx)
  },
  evaluate(ctx, args) {
    const named = selectFields(ctx, args, [args.string('header-name')])
    // §4: the first field alone, unless `:index` says which.
    const fields = args.has('index') ? named : named.slice(0, 1)
    const dates = fields.flatMap(({ value }) => parseDateTime(dateText(value)) ?? [])
    return args.match(TextList.of(dates.flatMap((date) => partOf(ctx, args, date))))
  },
}

/** §4: of Received and its like the date stands behind the last semicolon. */
const dateText = (value: string): string => value.slice(value.lastIndexOf(';') + 1)

const CURRENTDATE: WordDef = {
  name: 'currentdate',
  kind: 'test',
  tags: [{ name: 'zone', value: 'string' }],
  positional: [
    { name: 'date-part', type: 'string' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  validate: checkDate,
  evaluate: (ctx, args) =>
    then(ctx.now(), (ms) => args.match(TextList.of(partOf(ctx, args, { ms, offsetMinutes: 0 })))),
}

export const DATE_EXTENSION: SieveExtension = { name: 'date', words: [DATE, CURRENTDATE] }

const INDEXED = ['header', 'address', 'date']

/** §6 */
export const INDEX: SieveExtension = {
  name: 'index',
  tags: [
    { name: 'index', value: 'number', on: INDEXED },
    { name: 'last', needs: 'index', on: INDEXED },
  ],
}
