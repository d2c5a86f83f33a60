// SPDX-License-Identifier: Apache-2.0
/** Fields of a filter template: what a person is asked for, and of which kind the answer must be (spec filters.md 11). */
import { z } from 'zod'

/** Whose answer is a text of the script; the others are numbers, words of the language, or fragments. */
export const FIELD_TYPES = [
  'string',
  'text',
  'address',
  'domain',
  'header-name',
  'folder',
  'number',
  'size',
  'boolean',
  'date',
  'choice',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

/** An answer, as it is kept with the rule. */
export type FieldValue = string | number | boolean | readonly (string | number)[]

export interface Field {
  /** What stands in the template's script between `${` and `}`. */
  readonly id: string
  readonly type: FieldType
  /** The question. */
  readonly prompt: string
  /** More words for who does not know what to answer. */
  readonly help?: string | undefined
  /** An answer to learn from; the template is checked with it. */
  readonly example?: string | undefined
  readonly required: boolean
  /** Several answers. */
  readonly list: boolean
  /** Characters of a text, entries of a list, size of a number. */
  readonly max?: number | undefined
  /** The smallest number or size. */
  readonly min?: number | undefined
  readonly default?: FieldValue | undefined
  /** Of a choice: what people choose, and the script that stands for it. */
  readonly values?: Readonly<Record<string, string>> | undefined
}

const ONE_LINE = /^[^\p{Cc}\u2028\u2029]+$/u
const line = (max: number) => z.string().max(max).regex(ONE_LINE, 'one line of text')

/** A name of RFC 5228 §8.1, so that no placeholder looks like a variable with a namespace. */
const id = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, 'a lower-case letter, then letters, digits and _, at most 32')

const scalar = z.union([z.string(), z.number(), z.boolean()])

const fieldSchema = z
  .strictObject({
    id,
    type: z.enum(FIELD_TYPES),
    prompt: line(200),
    help: line(500).optional(),
    example: line(200).optional(),
    required: z.boolean().default(false),
    list: z.boolean().default(false),
    max: z.int().min(1).max(1_000_000_000).optional(),
    min: z.int().min(0).max(1_000_000_000).optional(),
    default: z.union([scalar, z.array(z.union([z.string(), z.number()]))]).optional(),
    values: z.record(line(60), z.string().max(4000)).optional(),
  })
  .superRefine((field, ctx) => {
    const wrong = (message: string, ...path: string[]): void => void ctx.addIssue({ code: 'custom', message, path })
    const { type, list, required, values } = field
    if (type === 'choice' && Object.keys(values ?? {}).length === 0) wrong('a choice needs `values`', 'type')
    if (type !== 'choice' && values !== undefined) wrong('only a choice has `values`', 'values')
    if (list && type === 'boolean') wrong('a script has no use for a list of yes and no', 'list')
    if (field.min !== undefined && ((type !== 'number' && type !== 'size') || list))
      wrong('only a number or a size has `min`', 'min')
    // There is no empty list and no empty address in the language.
    const optional = !list && (type === 'string' || type === 'text' || type === 'boolean')
    if (!required && field.default === undefined && !optional)
      wrong('without an answer there is nothing to write: `required: true`, or a `default`', 'id')
  })

export const frontMatterSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and hyphens, at most 64'),
  title: line(100),
  description: line(500).optional(),
  fields: z
    .array(fieldSchema)
    .max(32)
    .default([])
    .superRefine((fields, ctx) => {
      for (const [i, field] of fields.entries())
        if (fields.findIndex((other) => other.id === field.id) < i)
          ctx.addIssue({ code: 'custom', message: `there are two fields \`${field.id}\``, path: [i, 'id'] })
    }),
})
