// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates write ${…} for their own purposes
/**
 * A filter template: a script with questions (spec filters.md 11). One file, YAML between two lines `---`, then a script
 * with `${id}` where an answer goes:
 *
 *     ---
 *     name: block-sender
 *     title: Block a sender
 *     fields:
 *       - { id: who, type: address, prompt: Whom to block, required: true, list: true }
 *     ---
 *     if address :is "from" ${who} { discard; }
 *
 * An answer is a whole string, number or word of the script, hence `${id}` within a string or a comment is a mistake.
 * Everything that is wrong is told of in one go, with its place in the file.
 */
import { readYaml, type YamlSource } from '../../../config/yaml-source.ts'
import { type Diagnostic, Diagnostics, ScriptText, SIEVE_LIMITS, type SieveEngine } from '../../../sieve/index.ts'
import { type Field, frontMatterSchema } from './field.ts'

export interface Template {
  /** Stored with every rule that is made from it (`Template=`). */
  readonly name: string
  readonly title: string
  readonly description?: string
  readonly fields: readonly Field[]
  /** The file. */
  readonly source: ScriptText
  /** Where the script begins in it. */
  readonly bodyStart: number
  /** In order; `start` and `end` are offsets of the file. */
  readonly placeholders: readonly Placeholder[]
}

export interface Placeholder {
  readonly id: string
  readonly start: number
  readonly end: number
}

export interface TemplateRead {
  /** Absent when there are errors. */
  readonly template?: Template
  readonly diagnostics: readonly Diagnostic[]
}

/** Octets of a template file. */
export const MAX_TEMPLATE_BYTES = 262_144

const FENCE = /^---[ \t]*$/

/** Reads a template. It is not compiled yet: `checkTemplate` does that with samples. Never throws. */
export function parseTemplate(file: string, text: string, engine: SieveEngine): TemplateRead {
  const source = new ScriptText(text, file)
  const report = new Diagnostics(source, SIEVE_LIMITS)
  const error = (start: number, end: number, message: string): void =>
    report.error('validate', 'template', { start, end }, message)
  const failed = (): TemplateRead => ({ diagnostics: report.sorted() })
  if (Buffer.byteLength(text) > MAX_TEMPLATE_BYTES) {
    error(0, 0, `a template of more than ${MAX_TEMPLATE_BYTES} octets`)
    return failed()
  }
  const parts = split(text)
  if (parts === undefined) {
    error(0, Math.min(3, text.length), 'a template begins with `---`, YAML, and another line `---`')
    return failed()
  }
  // The first line stays as an empty one, so that lines of the YAML are lines of the file.
  const yaml = readYaml(file, `\n${text.slice(parts.yamlStart, parts.yamlEnd)}`)
  const offsetOf = offsets(text)
  for (const { line, column, length = 1, message } of yaml.diagnostics) {
    const start = offsetOf(line, column)
    error(start, start + length, message)
  }
  if (yaml.diagnostics.length > 0) return failed()
  const read = frontMatterSchema.safeParse(yaml.value ?? {})
  if (!read.success) {
    for (const { path, message } of read.error.issues) {
      const { line, column, length } = placeOf(yaml, path)
      const start = offsetOf(line, column)
      const name = path.join('.')
      error(start, start + length, `${name === '' ? '' : `${name}: `}${message}`)
    }
    return failed()
  }
  const { name, title, description, fields } = read.data
  const placeholders = findPlaceholders(text, parts.bodyStart, engine, error)
  const known = new Set(fields.map(({ id }) => id))
  for (const { id, start, end } of placeholders) if (!known.has(id)) error(start, end, `there is no field \`${id}\``)
  for (const [i, { id, values = {} }] of fields.entries()) {
    const { line, column, length } = placeOf(yaml, ['fields', i, 'id'])
    const start = offsetOf(line, column)
    if (!placeholders.some((placeholder) => placeholder.id === id))
      report.warning('validate', 'template', { start, end: start + length }, `the script does not use \`${id}\``)
    for (const [choice, script] of Object.entries(values))
      if (script.includes('${')) error(start, start + length, `${choice}: a choice has no placeholders of its own`)
  }
  if (report.errors > 0) return failed()
  const template: Template = {
    name,
    title,
    ...(description === undefined ? {} : { description }),
    fields,
    source,
    bodyStart: parts.bodyStart,
    placeholders,
  }
  return { template, diagnostics: report.sorted() }
}

function split(text: string): { yamlStart: number; yamlEnd: number; bodyStart: number } | undefined {
  let at = 0
  let yamlStart: number | undefined
  while (at < text.length) {
    const lf = text.indexOf('\n', at)
    const next = lf < 0 ? text.length : lf + 1
    const fence = FENCE.test(text.slice(at, Math.min(next, at + 200)).replace(/\r?\n$/, ''))
    if (yamlStart === undefined) {
      if (!fence) return undefined
      yamlStart = next
    } else if (fence) return { yamlStart, yamlEnd: at, bodyStart: next }
    at = next
  }
  return undefined
}

/** What is between strings and comments is looked at: `${` is no token of the language. */
function findPlaceholders(
  text: string,
  bodyStart: number,
  engine: SieveEngine,
  error: (start: number, end: number, message: string) => void,
): readonly Placeholder[] {
  const body = text.slice(bodyStart)
  const { ast } = engine.parse(body, { limits: { scriptBytes: MAX_TEMPLATE_BYTES } })
  const found: Placeholder[] = []
  let from = 0
  const outside = (to: number): void => {
    for (const match of body.slice(from, to).matchAll(/\$\{([^{}\n]{0,64})\}?/g)) {
      const start = bodyStart + from + match.index
      const end = start + match[0].length
      const id = match[1] ?? ''
      if (match[0].endsWith('}') && /^[a-z][a-z0-9_]*$/.test(id)) found.push({ id, start, end })
      else error(start, end, 'a placeholder is `${`, the id of a field, and `}`')
    }
  }
  for (const { kind, start, end } of ast.tokens) {
    if (kind !== 'string' && kind !== 'comment') continue
    outside(start)
    from = end
    for (const match of body.slice(start, end).matchAll(/\$\{[^}]{0,64}\}?/g)) {
      const place = bodyStart + start + match.index
      const where = kind === 'string' ? 'a string' : 'a comment'
      const message = `\`\${…}\` within ${where}: an answer is a whole string; write the placeholder in place of the string`
      error(place, place + match[0].length, message)
    }
  }
  outside(body.length)
  return found
}

/** The place of a path of the YAML, or of the nearest thing above it that is written. */
function placeOf(yaml: YamlSource, path: readonly PropertyKey[]): { line: number; column: number; length: number } {
  const keys = path.map((key) => (typeof key === 'symbol' ? String(key) : key))
  for (let n = keys.length; n > 0; n--) {
    const place = yaml.valueAt(keys.slice(0, n))
    if (place !== undefined) return place
  }
  return { line: 1, column: 1, length: 3 }
}

function offsets(text: string): (line: number, column: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (line, column) => Math.min(text.length, (starts[line - 1] ?? text.length) + column - 1)
}
