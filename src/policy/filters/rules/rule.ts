// SPDX-License-Identifier: Apache-2.0
/**
 * A rule: one stored value of a person's filter, a script with a comment that says where it runs and what it is called
 * (spec filters.md 11). Both documented spellings are read, the first is written:
 *
 *     # $Rule Info: Order=2 Template=file-list Name=The cooks' list
 *     # Rule Info: $Order=2 Template=file-list Name=The cooks' list
 *     # $Fields: {"hash":"…","values":{"list":"cooks.example.org"}}
 *
 * Pure text: nothing here compiles a script (glue.ts does) or knows what a template is.
 */
import { createHash } from 'node:crypto'

export interface Rule {
  /** From 1, which runs first; 0: disabled; `undefined`: runs behind those that have a number. */
  readonly order: number | undefined
  readonly name?: string
  /** The template it was made from. */
  readonly template?: string
  /** What was filled in. Only beside `template`. */
  readonly fields?: RuleFields
  /** The script, without the two comment lines. */
  readonly text: string
}

export interface RuleFields {
  /** Of the text as the template made it (`hashText`): another one means that a person wrote in it. */
  readonly hash: string
  readonly values: Readonly<Record<string, unknown>>
}

/** Larger numbers are ignored like negative ones: no filter has so many rules. */
const MAX_ORDER = 999_999
/** Characters of a `# $Fields:` line that are read: forms hold texts, and a stranger's value is bounded anyway. */
const MAX_FIELDS_LENGTH = 262_144
/** Characters of a name or a template's name. RFC 5804 §1.6 asks for 128 at least. */
const MAX_NAME_LENGTH = 128

const INFO = /^#[ \t]*(?:\$Rule Info:|Rule Info:)[ \t]*(.*)$/is
const FIELDS = /^#[ \t]*\$Fields:[ \t]*(.*)$/is
const ORDER = /^\$?Order=[ \t]*([^ \t]*)(?:[ \t]+|$)/i
const TEMPLATE = /^\$?Template=/i
const NAME = /^\$?Name=/i

/** Reads a stored value. Never fails: what is no such comment is part of the script. */
export function parseRule(value: string): Rule {
  const found = findInfo(value)
  if (found === undefined) return { order: undefined, text: value }
  const { start, end, line } = found
  const info = parseInfo(INFO.exec(line)?.[1] ?? '')
  const before = value.slice(0, start)
  if (info.template === undefined) return { ...info, text: before + value.slice(end) }
  const { line: next, end: behind } = lineAt(value, end)
  const stored = next.length <= MAX_FIELDS_LENGTH ? FIELDS.exec(next)?.[1] : undefined
  if (stored === undefined) return { ...info, text: before + value.slice(end) }
  const fields = parseFields(stored)
  return { ...info, ...(fields === undefined ? {} : { fields }), text: before + value.slice(behind) }
}

/**
 * The value to store; `parseRule` of it is the rule again.
 * @throws RangeError when a name could not be read back (`isRuleName`), a bug of the caller
 */
export function printRule({ order, name, template, fields, text }: Rule): string {
  const words = [
    ...(order === undefined ? [] : [`Order=${order}`]),
    ...(template === undefined ? [] : [`Template=${checked(template)}`]),
    ...(name === undefined ? [] : [`Name=${checked(name)}`]),
  ]
  // A text that has such a comment itself would be taken at its word.
  if (words.length === 0 && findInfo(text) === undefined) return text
  const eol = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n'
  const info = `${['# $Rule Info:', ...words].join(' ')}${eol}`
  if (template === undefined) return info + text
  const { hash, values } = fields ?? {}
  if (fields !== undefined) return `${info}# $Fields: ${JSON.stringify({ hash, values })}${eol}${text}`
  return FIELDS.test(lineAt(text, 0).line) ? `${info}# $Fields:${eol}${text}` : info + text
}

/** Whether a text can be the name of a rule or of its template: one line that no one can mistake. */
export const isRuleName = (text: string): boolean =>
  text.length > 0 &&
  text.length <= MAX_NAME_LENGTH &&
  text.trim() === text &&
  text.isWellFormed() &&
  !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text) && // RFC 5804 §1.6
  !/(?:^|[ \t])\$?(?:Order|Template|Name)=/i.test(text)

function checked(name: string): string {
  if (!isRuleName(name)) throw new RangeError(`no name of a rule: ${JSON.stringify(name.slice(0, 200))}`)
  return name
}

/** SHA-256 of the script, whatever its line ends: mail clients and directories change those. */
export const hashText = (text: string): string =>
  createHash('sha256').update(text.replace(/\r\n/g, '\n')).digest('base64url').slice(0, 22)

/** A rule of a template whose text is no longer what the template made of the fields. */
export const isEdited = ({ fields, text }: Rule): boolean => fields === undefined || fields.hash !== hashText(text)

interface Line {
  readonly start: number
  /** Behind the line's end. */
  readonly end: number
  readonly line: string
}

function lineAt(text: string, start: number): Line {
  const lf = text.indexOf('\n', start)
  const end = lf < 0 ? text.length : lf + 1
  return { start, end, line: text.slice(start, lf < 0 ? end : lf).replace(/\r$/, '') }
}

/** The first Rule Info line among the comment lines and blank lines that the text begins with. */
function findInfo(text: string): Line | undefined {
  for (let at = 0; at < text.length; ) {
    const found = lineAt(text, at)
    if (INFO.test(found.line)) return found
    if (!/^[ \t\ufeff]*(?:#|$)/.test(found.line)) return undefined
    at = found.end
  }
  return undefined
}

function parseInfo(text: string): Pick<Rule, 'order' | 'name' | 'template'> {
  const ordered = ORDER.exec(text)
  let rest = ordered === null ? text : text.slice(ordered[0].length)
  const number = /^[0-9]{1,6}$/.test(ordered?.[1] ?? '') ? Number(ordered?.[1]) : undefined
  const order = number !== undefined && number <= MAX_ORDER ? number : undefined
  let template: string | undefined
  if (TEMPLATE.test(rest)) {
    rest = rest.replace(TEMPLATE, '')
    // Up to the next word; the name is the last one and may hold anything.
    const next = /(?:^|[ \t])\$?Name=/i.exec(rest)
    template = (next === null ? rest : rest.slice(0, next.index)).trim()
    rest = next === null ? '' : rest.slice(next.index).trimStart()
  }
  const name = NAME.test(rest) ? rest.replace(NAME, '').trim() : ''
  return {
    order,
    ...(isRuleName(name) ? { name } : {}),
    ...(template !== undefined && isRuleName(template) ? { template } : {}),
  }
}

function parseFields(text: string): RuleFields | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value)) return undefined
  const { hash, values } = value
  return typeof hash === 'string' && isRecord(values) ? { hash, values } : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
