// SPDX-License-Identifier: Apache-2.0
/** What the schema found, as diagnostics with their places: every issue becomes one, unknown keys one each. */
import type { z } from 'zod'
import { CODES, type DiagnosticCode } from './codes.ts'
import type { Diagnostic } from './diagnostic.ts'
import { type ConfigInput, valueAt } from './input.ts'
import { childOf, isRecord, type JsonSchema, variantFor, variantsOf, walkableSchema } from './json-schema.ts'
import { nearest } from './nearest.ts'
import { placeOf } from './place.ts'
import type { Path, YamlSource } from './yaml-source.ts'

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys and values',
  record: 'a map of names',
  array: 'a list',
}

export function diagnosticsOf(
  issues: readonly z.core.$ZodIssue[],
  source: YamlSource,
  input: ConfigInput,
): Diagnostic[] {
  return issues.flatMap((issue) => translate(issue, source, input))
}

function translate(issue: z.core.$ZodIssue, source: YamlSource, input: ConfigInput): Diagnostic[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
  const name = path.join('.')
  const value = valueAt(input.value, path)
  const schema = schemaAt(path, input.value)
  const at = (
    code: DiagnosticCode,
    where: 'key' | 'value',
    message: string,
    more: { reason?: string; fix?: string } = {},
    to: Path = path,
  ): Diagnostic => ({
    code,
    severity: 'error',
    file: source.file,
    ...placeOf(source, input, to, where),
    message,
    ...more,
  })

  if (value === undefined && issue.code !== 'unrecognized_keys' && issue.code !== 'invalid_key') {
    const key = path.at(-1)
    const above = path.slice(0, -1)
    const typed = valueAt(input.value, above)
    const meant = isRecord(typed) ? nearest(String(key), Object.keys(typed)) : undefined
    const fix = meant !== undefined ? `is \`${meant}\` meant to be \`${String(key)}\`?` : undefined
    return [
      at(
        'missing-key',
        'key',
        `${above.length === 0 ? 'the configuration' : `\`${above.join('.')}\``} needs the key \`${String(key)}\``,
        { ...described(schema), ...(fix === undefined ? {} : { fix }) },
        above,
      ),
    ]
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const known = Object.keys(schema?.properties ?? {})
        const meant = nearest(key, known)
        const elsewhere = meant === undefined ? findKey(walkableSchema(), key) : undefined
        const fix =
          meant !== undefined
            ? `did you mean \`${meant}\`?`
            : elsewhere !== undefined
              ? `the key \`${key}\` belongs under \`${elsewhere}\``
              : known.length > 0 && known.length <= 16
                ? `known keys: ${known.join(', ')}`
                : 'remove it; `postern schema --markdown` lists every key'
        const message = name === '' ? `unknown key \`${key}\`` : `unknown key \`${key}\` in \`${name}\``
        const reason = 'unknown keys are refused, so that a typing mistake cannot silently leave a default in force'
        return at('unknown-key', 'key', message, { reason, fix }, [...path, key])
      })
    case 'invalid_type':
      return [
        at(
          'wrong-type',
          'value',
          `\`${name || source.file}\` takes ${WORDS[issue.expected] ?? issue.expected}, not ${found(value)}`,
          {
            ...described(schema),
            ...(value === null
              ? { fix: 'write a value, or remove the key' }
              : issue.expected === 'number' && typeof value === 'string' && /^\d+$/.test(value)
                ? { fix: `write ${value} without quotes` }
                : example(schema)),
          },
        ),
      ]
    case 'invalid_value': {
      const values = issue.values.map(String)
      const meant = typeof value === 'string' ? nearest(value, values) : undefined
      const wrongType = typeof value !== 'string'
      return [
        at(wrongType ? 'wrong-type' : 'bad-value', 'value', `\`${name}\` cannot be ${found(value)}`, {
          ...described(schema),
          fix: meant !== undefined ? `did you mean \`${meant}\`?` : `one of: ${values.join(', ')}`,
        }),
      ]
    }
    case 'invalid_union': {
      if (path.at(-1) === 'kind') {
        const kinds = variantsOf(schemaAt(path.slice(0, -1), {})).map((v) => String(childOf(v, 'kind')?.const))
        const meant = typeof value === 'string' ? nearest(value, kinds) : undefined
        const fix = meant !== undefined ? `did you mean \`${meant}\`?` : `one of: ${kinds.join(', ')}`
        return [at('bad-value', 'value', `there is no kind of channel ${found(value)}`, { fix })]
      }
      const inner = issue.errors.map((errors) =>
        errors
          .map((error) => error.message)
          .join(', ')
          .replace(/^Invalid input: /, ''),
      )
      return [
        at('wrong-type', 'value', `\`${name}\` cannot be ${found(value)}: ${inner.join(', or ')}`, {
          ...described(schema),
          ...example(schema),
        }),
      ]
    }
    case 'invalid_key':
      return [
        at('bad-name', 'key', `\`${String(path.at(-1))}\` is not a name for \`${path.slice(0, -1).join('.')}\``, {
          fix: 'lower-case letters, digits and hyphens, a letter first',
        }),
      ]
    case 'too_small':
    case 'too_big': {
      const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
      const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
      const whole = typeof value === 'number' ? `, not ${value}` : ''
      return [at('bad-value', 'value', `\`${name}\` takes ${bound}${unit}${whole}`, described(schema))]
    }
    case 'custom': {
      const code: unknown = issue.params?.['code']
      const known = typeof code === 'string' && Object.hasOwn(CODES, code) ? (code as DiagnosticCode) : 'bad-value'
      return [at(known, 'value', `\`${name}\` cannot be ${found(value)}: ${issue.message}`, described(schema))]
    }
    default:
      return [at('bad-value', 'value', `\`${name}\` cannot be ${found(value)}: ${issue.message}`, described(schema))]
  }
}

const described = (schema: JsonSchema | undefined): { reason?: string } =>
  schema?.description === undefined ? {} : { reason: schema.description }

const example = (schema: JsonSchema | undefined): { fix?: string } => {
  const byDefault = schema?.default
  return byDefault === undefined || isRecord(byDefault) || (Array.isArray(byDefault) && byDefault.length === 0)
    ? {}
    : { fix: `for example ${Array.isArray(byDefault) ? `[${byDefault.join(', ')}]` : String(byDefault)}` }
}

function found(value: unknown): string {
  if (value === null) return 'empty'
  if (typeof value === 'string') return `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}"`
  if (Array.isArray(value)) return 'a list'
  return isRecord(value) ? 'a map' : String(value)
}

function schemaAt(path: Path, value: unknown): JsonSchema | undefined {
  let schema: JsonSchema | undefined = walkableSchema()
  let at: unknown = value
  for (const key of path) {
    schema = schema === undefined ? undefined : childOf(schema, key)
    at = valueAt(at, [key])
    if (schema !== undefined && key !== path.at(-1)) schema = variantFor(schema, at) ?? schema
  }
  return schema === undefined ? undefined : (variantFor(schema, at) ?? schema)
}

/** The section of the top level that has this key. */
function findKey(root: JsonSchema, key: string): string | undefined {
  return Object.keys(root.properties ?? {}).find((section) => {
    const schema = childOf(root, section)
    return schema !== undefined && Object.hasOwn(schema.properties ?? {}, key)
  })
}
