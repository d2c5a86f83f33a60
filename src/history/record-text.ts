// SPDX-License-Identifier: Apache-2.0
/**
 * A record as one line of a trace file. The same JSON as `JSON.stringify` gives, but for the order of a step's fields
 * and for what is not ASCII, which is escaped. Nearly all of a trace are steps that were told a thousand times before,
 * so what is always the same of one is made once: to write it out anew was a twentieth of a worker's time.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Step, Trace, TraceRecord } from '../policy/trace.ts'

export const recordLine = (record: TraceRecord): string =>
  `${record.record === 'trace' ? traceText(record) : ascii(record)}\n`

/** Steps and facts stand last: who wants neither reads to the first of them (lines.ts). */
function traceText(trace: Trace): string {
  const { steps, facts, cut } = trace
  const head = ascii({ ...trace, steps: undefined, facts: undefined, cut: undefined })
  let text = `${head.slice(0, -1)},"steps":[`
  let separator = ''
  for (const step of steps) {
    text += `${separator}${beginning(step)}${step.ms}${rest(step)}`
    separator = ','
  }
  return `${text}],"facts":${ascii(facts)}${cut === undefined ? '' : `,"cut":${ascii(cut)}`}}`
}

function rest({ recipients, note, reply, tables, filters, filtersDropped }: Step): string {
  let text = recipients === undefined ? '' : `,"recipients":${namesText(recipients)}`
  if (note !== undefined) text += `,"note":${wordsText(note)}`
  if (reply !== undefined) text += `,"reply":${ascii(reply)}`
  if (tables !== undefined) text += `,"tables":${ascii(tables)}`
  if (filters !== undefined) text += `,"filters":${ascii(filters)}`
  if (filtersDropped !== undefined) text += `,"filtersDropped":${filtersDropped}`
  return `${text}}`
}

/** Mostly one, told in the same words by all the stages that judge it. */
function namesText(names: readonly string[]): string {
  const [only] = names
  return names.length === 1 && only !== undefined ? `[${wordsText(only)}]` : ascii(names)
}

/** Most notes are made again and again in the same words. */
const words = new Map<string, string>()
const MAX_WORDS = 1000
const MAX_LENGTH = 100

function wordsText(text: string): string {
  const known = words.get(text)
  if (known !== undefined) return known
  const made = ascii(text)
  if (text.length > MAX_LENGTH) return made
  if (words.size >= MAX_WORDS) words.clear()
  words.set(text, made)
  return made
}

type Same = Pick<Step, 'at' | 'stage' | 'result' | 'by'>
interface Written extends Same {
  readonly text: string
}

/** Places of settings are objects that a revision keeps; they go with it. Few stages tell of the same one. */
const bySetting = new WeakMap<DecidedBy, Written[]>()
/** Rules of the house and of the protocol have no object of their own. */
const byRule = new Map<string, Written[]>()
/** Rules are written in the source, so there are some hundred; a bound nevertheless. */
const MAX_RULES = 1000
const MAX_OF_ONE = 50

/** A step to where its milliseconds stand. */
function beginning({ at, stage, result, by }: Same): string {
  const known = writtenOf(by)
  if (known !== undefined)
    for (const one of known)
      if (one.stage === stage && one.result === result && one.at === at && one.by.by === by.by) return one.text
  const text = `${ascii({ at, stage, result, by }).slice(0, -1)},"ms":`
  if (known !== undefined && known.length < MAX_OF_ONE) known.push({ at, stage, result, by, text })
  return text
}

function writtenOf(by: DecidedBy): Written[] | undefined {
  if (by.by === 'config' || by.by === 'default') {
    const known = bySetting.get(by) ?? []
    if (known.length === 0) bySetting.set(by, known)
    return known
  }
  if (by.by !== 'protocol' && (by.by !== 'built-in' || by.at !== undefined)) return undefined
  const known = byRule.get(by.rule) ?? []
  if (known.length === 0 && byRule.size < MAX_RULES) byRule.set(by.rule, known)
  return known
}

const NOT_ASCII = /[^\x00-\x7f]/

/** In ASCII the line takes one octet a character, in memory and on its way to the disk. */
function ascii(value: unknown): string {
  const text = JSON.stringify(value)
  return NOT_ASCII.test(text) ? text.replace(/[^\x00-\x7f]/g, escaped) : text
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
