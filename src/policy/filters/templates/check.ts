// SPDX-License-Identifier: Apache-2.0
/** Whether a template works: filled in with samples, every choice once, it must compile as a script of a user. */
import { type Diagnostic, Diagnostics, SIEVE_LIMITS } from '../../../sieve/index.ts'
import { type Answers, readAnswers } from './answers.ts'
import type { Field, FieldType, FieldValue } from './field.ts'
import { type RenderOptions, tryAnswers } from './render.ts'
import type { Template } from './template.ts'

const SAMPLES: Readonly<Record<Exclude<FieldType, 'choice'>, FieldValue>> = {
  string: 'sample',
  text: 'A sample.\nOf two lines.',
  address: 'kim@example.org',
  domain: 'example.org',
  'header-name': 'X-Sample',
  folder: 'Sample',
  number: 1,
  size: '1K',
  boolean: true,
  date: '2026-11-24',
}

/** What is wrong with a template that was read. Empty: it works. */
export function checkTemplate(template: Template, options: RenderOptions): readonly Diagnostic[] {
  const report = new Diagnostics(template.source, SIEVE_LIMITS)
  const error = (start: number, end: number, message: string): void => {
    if (!report.list.some((known) => known.start === start && known.message === message))
      report.error('validate', 'template', { start, end }, message)
  }
  for (const field of template.fields) {
    const read = readAnswers([field], {})
    if (field.default !== undefined && read.kind === 'refused')
      for (const { message } of read.problems) error(0, 3, `the default of \`${field.id}\`: ${message}`)
  }
  for (const answers of samplesOf(template.fields)) {
    const read = readAnswers(template.fields, answers)
    if (read.kind === 'refused') {
      for (const { field, message } of read.problems) error(0, 3, `no sample fits \`${field}\`: ${message}`)
      break
    }
    for (const { field, at, diagnostic } of tryAnswers(template, read.answers, options).errors) {
      const placeholder = template.placeholders.find(({ start }) => start === at)
      const end = placeholder?.end ?? at + Math.max(1, Math.min(diagnostic.end - diagnostic.start, 80))
      const chosen = field === undefined ? undefined : read.answers[field]
      const said = template.fields.some(({ id, type }) => id === field && type === 'choice') ? ` (${chosen})` : ''
      error(at, end, `${field === undefined ? '' : `\`${field}\`${said}: `}${diagnostic.message}`)
    }
  }
  return report.sorted()
}

/** Every choice of every field once, beside the first of the others: linear in the size of the template. */
function* samplesOf(fields: readonly Field[]): Generator<Answers> {
  const first = Object.fromEntries(fields.map((field) => [field.id, sampleOf(field)]))
  yield first
  for (const { id, type, list, values = {} } of fields)
    if (type === 'choice')
      for (const choice of Object.keys(values).slice(1)) yield { ...first, [id]: list ? [choice] : choice }
}

function sampleOf(field: Field): FieldValue {
  if (field.example !== undefined) return field.list ? [field.example] : field.example
  if (field.type === 'number' && !field.list) return Math.max(1, field.min ?? 1)
  if (field.type === 'size' && !field.list && field.min !== undefined) return String(field.min)
  const sample = field.type === 'choice' ? (Object.keys(field.values ?? {})[0] ?? '') : SAMPLES[field.type]
  const short = typeof sample === 'string' && field.type === 'string' ? sample.slice(0, field.max ?? 6) : sample
  return field.list && typeof short !== 'boolean' && typeof short !== 'object' ? [short] : short
}
