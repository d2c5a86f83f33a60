// SPDX-License-Identifier: Apache-2.0
/**
 * The schema of postern.yaml as JSON Schema (draft 2020-12), for editors and for everything here that walks the
 * keys: suggestions, defaults as they would be written, the settings reference.
 */
import { z } from 'zod'
import { ConfigSchema } from './schema.ts'
import { STOCK_CHANNELS } from './schema-channels.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/** What may be written in postern.yaml. */
export function configJsonSchema(): JsonSchema {
  const schema: JsonSchema = z.toJSONSchema(ConfigSchema, { io: 'input' })
  const channels = propertyOf(schema, 'channels')
  const kinds = channels === undefined ? [] : variantsOf(childOf(channels, ''))
  const defs: Record<string, JsonSchema> = {}
  for (const kind of kinds) defs[`channel-${kindOf(kind)}`] = kind
  const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/channel-${name}` })
  // A stock channel may be written without its kind.
  const stock = Object.entries(STOCK_CHANNELS).map(([name, { kind }]): [string, JsonSchema] => {
    const variant = defs[`channel-${kind}`]
    const implied = { ...variant, required: (variant?.required ?? []).filter((key) => key !== 'kind') }
    defs[`stock-${kind}`] = implied
    return [name, { anyOf: [{ $ref: `#/$defs/stock-${kind}` }, ...kinds.map((k) => ref(kindOf(k)))] }]
  })
  const { default: _, ...described } = channels ?? {}
  return {
    ...schema,
    title: 'postern.yaml',
    description: 'Configuration of Postern.',
    properties: {
      ...schema.properties,
      channels: {
        ...described,
        properties: Object.fromEntries(stock),
        additionalProperties: { oneOf: kinds.map((k) => ref(kindOf(k))) },
      },
    },
    $defs: defs,
  }
}

let walked: JsonSchema | undefined
/** The same, one variant a kind of channel, without references. */
export function walkableSchema(): JsonSchema {
  walked ??= z.toJSONSchema(ConfigSchema, { io: 'input' }) as JsonSchema
  return walked
}

/** The schema of one key of a map or of one item of a list. */
export function childOf(schema: JsonSchema, key: string | number): JsonSchema | undefined {
  const own = propertyOf(schema, String(key))
  if (own !== undefined) return own
  if (typeof key === 'number' && isSchema(schema.items)) return schema.items
  return isSchema(schema.additionalProperties) ? schema.additionalProperties : undefined
}

/** What the schema is for this value: of several kinds of channel, the one that `kind` names. */
export function variantFor(schema: JsonSchema, value: unknown): JsonSchema | undefined {
  const variants = variantsOf(schema)
  if (variants.length === 0) return schema
  const kind = isRecord(value) ? value['kind'] : undefined
  return variants.find((variant) => kindOf(variant) === kind)
}

export const variantsOf = (schema: JsonSchema | undefined): readonly JsonSchema[] =>
  (schema?.oneOf ?? []).filter(isSchema)

export const kindOf = (variant: JsonSchema): string => String(propertyOf(variant, 'kind')?.const ?? '')

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function propertyOf(schema: JsonSchema, key: string): JsonSchema | undefined {
  const found = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
  return isSchema(found) ? found : undefined
}

const isSchema = (schema: unknown): schema is JsonSchema =>
  typeof schema === 'object' && schema !== null && !Array.isArray(schema)
