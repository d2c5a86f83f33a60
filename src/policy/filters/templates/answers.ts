// SPDX-License-Identifier: Apache-2.0
/**
 * Reads what a person filled in. Answers come from a form or a command line, hence texts, or out of a stored rule. What
 * comes out has the type of its field and is bounded; each refusal names the field.
 */
import { parseAddress, parseDomain } from '../../../address/path.ts'
import type { Field, FieldValue } from './field.ts'

export interface FieldProblem {
  /** Absent: the whole form is meant. */
  readonly field?: string
  readonly message: string
}

export type Answers = Readonly<Record<string, FieldValue>>

export type AnswersRead =
  | { readonly kind: 'read'; readonly answers: Answers }
  | { readonly kind: 'refused'; readonly problems: readonly FieldProblem[] }

/** Characters of a one-line text, where the template sets no bound. */
const MAX_STRING = 1000
/** Characters of a `text`, likewise: what a vacation may hold. */
const MAX_TEXT = 16_384
/** Entries of a list, likewise; the language has this limit (spec filters.md 6). */
export const MAX_ENTRIES = 64
/** RFC 5228 §2.4.1. */
const MAX_NUMBER = 2 ** 31 - 1

/** Every field's answer: what was given, else the default, else what stands for "nothing". */
export function readAnswers(fields: readonly Field[], given: Readonly<Record<string, unknown>>): AnswersRead {
  const problems: FieldProblem[] = []
  const answers: [string, FieldValue][] = []
  const known = new Set(fields.map(({ id }) => id))
  for (const id of Object.keys(given))
    if (!known.has(id)) problems.push({ field: id.slice(0, 64), message: 'there is no such field' })
  for (const field of fields) {
    const own = Object.hasOwn(given, field.id) ? given[field.id] : undefined
    const read = readAnswer(field, isNothing(own) ? field.default : own)
    if (read instanceof Wrong) problems.push({ field: field.id, message: read.message })
    else answers.push([field.id, read])
  }
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'read', answers: Object.fromEntries(answers) }
}

class Wrong {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

function readAnswer(field: Field, value: unknown): FieldValue | Wrong {
  if (isNothing(value)) {
    if (field.required) return new Wrong('an answer is needed')
    if (field.type === 'boolean') return false
    return field.list || (field.type !== 'string' && field.type !== 'text') ? new Wrong('an answer is needed') : ''
  }
  if (!field.list) return Array.isArray(value) ? new Wrong('one answer, not several') : readOne(field, value)
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  const most = Math.min(field.max ?? MAX_ENTRIES, MAX_ENTRIES)
  if (all.length > most) return new Wrong(`at most ${most} answers, not ${all.length}`)
  const entries: (string | number)[] = []
  for (const each of all) {
    const read = isNothing(each)
      ? new Wrong('an empty answer in the list')
      : readOne({ ...field, max: undefined }, each)
    if (read instanceof Wrong) return read
    if (typeof read === 'string' || typeof read === 'number') entries.push(read)
  }
  return entries
}

function readOne(field: Field, value: unknown): string | number | boolean | Wrong {
  if (field.type === 'boolean') return readBoolean(value)
  if (field.type === 'number') return readNumber(field, value)
  if (typeof value !== 'string' && typeof value !== 'number') return new Wrong('a text is needed')
  const text = String(value)
  const multiLine = field.type === 'text'
  const most = field.type === 'size' ? MAX_STRING : (field.max ?? (multiLine ? MAX_TEXT : MAX_STRING))
  if (text.length > most) return new Wrong(`at most ${most} characters, not ${text.length}`)
  if (text.includes('\0')) return new Wrong('a NUL cannot be in it')
  if (!text.isWellFormed()) return new Wrong('it is not Unicode')
  if (multiLine) return text.replace(/\r\n?/g, '\n')
  if (/[\r\n]/.test(text)) return new Wrong('one line is needed')
  return readLine(field, text)
}

function readLine(field: Field, text: string): string | Wrong {
  const { type } = field
  switch (type) {
    case 'address':
      return parseAddress(text.trim()) ?? new Wrong(`${quoted(text)} is no address`)
    case 'domain':
      return parseDomain(text.trim()) ?? new Wrong(`${quoted(text)} is no domain`)
    case 'header-name': // RFC 5322 §2.2: printable ASCII without the colon
      return /^[!-9;-~]+$/.test(text) ? text : new Wrong(`${quoted(text)} is no name of a header field`)
    case 'folder':
      return /^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$/u.test(text) ? text : new Wrong(`${quoted(text)} is no folder`)
    case 'size':
      return readSize(field, text)
    case 'date':
      return isDate(text) ? text : new Wrong(`${quoted(text)} is no date; write one as 2026-11-24`)
    case 'choice': {
      const choices = Object.keys(field.values ?? {})
      return choices.includes(text)
        ? text
        : new Wrong(`${quoted(text)} is not to choose; one of: ${choices.join(', ')}`)
    }
    default:
      return text
  }
}

function readBoolean(value: unknown): boolean | Wrong {
  if (typeof value === 'boolean') return value
  const text = typeof value === 'string' ? value.toLowerCase() : ''
  if (['true', 'yes', 'on', '1'].includes(text)) return true
  return ['false', 'no', 'off', '0'].includes(text) ? false : new Wrong('yes or no')
}

function readNumber(field: Field, value: unknown): number | Wrong {
  const number = typeof value === 'string' && /^[0-9]{1,10}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) return new Wrong('a whole number is needed')
  return outOfBounds(field, number) ?? number
}

/** `n`, `nK`, `nM`, `nG`, RFC 5228 §2.4.1. */
function readSize(field: Field, text: string): string | Wrong {
  const match = /^([0-9]{1,10})([KMG]?)$/i.exec(text.trim())
  if (match === null) return new Wrong(`${quoted(text)} is no size; write one as 500K or 2M`)
  const unit = (match[2] ?? '').toUpperCase()
  const octets = Number(match[1]) * 1024 ** ' KMG'.indexOf(unit || ' ')
  return outOfBounds(field, octets) ?? `${Number(match[1])}${unit}`
}

function outOfBounds({ min = 0, max = MAX_NUMBER }: Field, number: number): Wrong | undefined {
  if (number < min) return new Wrong(`at least ${min}`)
  return number > max ? new Wrong(`at most ${max}`) : undefined
}

function isDate(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
