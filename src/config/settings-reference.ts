// SPDX-License-Identifier: Apache-2.0
/** The settings reference of the manual (docs/manual/settings.md), written from the schema. */
import { childOf, isRecord, type JsonSchema, kindOf, variantsOf, walkableSchema } from './json-schema.ts'
import { STOCK_CHANNELS } from './schema-channels.ts'

export function settingsMarkdown(): string {
  const root = walkableSchema()
  const lines = [
    '# Settings of postern.yaml',
    '',
    '<!-- Written by `postern schema --markdown`. Do not edit; edit the descriptions in src/config/schema*.ts. -->',
    '',
    'Durations are written `30s`, `5m`, `4h`, `5d`; sizes `1024`, `50KiB`, `10MB`. Folders and files are relative to',
    'the folder of postern.yaml. A setting without a default is left out, unless it is marked required.',
    '',
  ]
  for (const name of Object.keys(root.properties ?? {})) {
    const section = childOf(root, name)
    if (section === undefined) continue
    lines.push(`## ${name}`, '', ...(section.description === undefined ? [] : [section.description, '']))
    const entry = namedEntry(section)
    if (name === 'channels') lines.push(...channels(section))
    else if (entry === undefined) lines.push(...table(name, section))
    else lines.push(...table(section.type === 'array' ? `${name}[]` : `${name}.NAME`, entry))
  }
  return lines.join('\n')
}

function channels(section: JsonSchema): string[] {
  const stock = Object.entries(STOCK_CHANNELS).map(([name, { kind, ...rest }]) => {
    const more = Object.entries(rest).map(([key, value]) => `${key}: ${String(value)}`)
    return `| \`${name}\` | ${kind} | ${more.length === 0 ? '' : `\`${more.join(', ')}\``} |`
  })
  const kinds = variantsOf(namedEntry(section)).flatMap((variant) => [
    `### Kind ${kindOf(variant)}`,
    '',
    ...(variant.description === undefined ? [] : [variant.description, '']),
    ...table('channels.NAME', variant),
  ])
  return ['| stock channel | kind | settings of its own |', '|---|---|---|', ...stock, '', ...kinds]
}

const namedEntry = (section: JsonSchema): JsonSchema | undefined =>
  section.type === 'array' ? childOf(section, 0) : childOf(section, '')

function table(prefix: string, schema: JsonSchema): string[] {
  return ['| setting | type | default | meaning |', '|---|---|---|---|', ...rows(prefix, schema), '']
}

function rows(prefix: string, schema: JsonSchema): string[] {
  return Object.keys(schema.properties ?? {}).flatMap((key) => {
    const property = childOf(schema, key)
    if (property === undefined) return []
    const path = `${prefix}.${key}`
    const row = `| \`${path}\` | ${typeOf(property)} | ${defaultOf(property, schema.required?.includes(key) === true)} | ${cell(property.description ?? '')} |`
    const item = namedEntry(property)
    const itemPath = property.type === 'array' ? `${path}[]` : `${path}.NAME`
    return [row, ...rows(path, property), ...(item === undefined ? [] : rows(itemPath, item))]
  })
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.anyOf !== undefined) {
    const types = schema.anyOf.map((inner) => (typeof inner === 'object' ? typeOf(inner) : ''))
    return [...new Set(types.map((type) => (type === 'whole number' ? 'number' : type)))].join(' or ')
  }
  if (schema.type === 'array') {
    const items = childOf(schema, 0)
    return `list of ${items === undefined ? 'values' : typeOf(items)}`
  }
  if (schema.type === 'integer') return 'whole number'
  if (schema.type === 'boolean') return '`true`, `false`'
  return schema.type === 'object' ? 'map' : schema.type === 'string' ? 'text' : String(schema.type)
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  const value = schema.default
  if (value === undefined || isRecord(value)) return required ? 'required' : ''
  const text = Array.isArray(value) ? `[${value.join(', ')}]` : value === '' ? "''" : String(value)
  return `\`${text}\``
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
