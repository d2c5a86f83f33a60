// SPDX-License-Identifier: Apache-2.0
/**
 * A record as one line of a trace file. The same JSON as `JSON.stringify` gives, but for the order of a step's fields
 * and for what is not ASCII, which is escaped. Nearly all of a trace are steps that were told a thousand times before,
 * so what is always the same of one is made once: to write it out anew was a twentieth of a worker's time.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Step, Trace, TraceRecord } from '../policy/trace.ts'

export const recordLine = (record: TraceRecord): Buffer =>
  Buffer.from(`${record.record === 'trace' ? traceText(record) : ascii(record)}\n`, 'latin1')

/** Steps and facts stand last: who wants neither reads to the first of them (lines.ts). */
function traceText(trace: Trace): string {
  const { steps, facts, cut } = trace
  const head = ascii({ ...trace, steps: undefined, facts: undefined, cut: undefined })
  let text = `${head.slice(0, -1)},"steps":[`
  let separator = ''
  for (const step of steps) {
    text += separator + stepText(step)
    separator = ','
  }
  return `${text}],"facts":${ascii(facts)}${cut === undefined ? '' : `,"cut":${ascii(cut)}`}}`
}

function stepText(step: Step): string {
  const { note, reply, recipients, tables, filters, filtersDropped } = step
  let text = `${beginning(step)},"ms":${step.ms}`
  if (recipients !== undefined) text += `,"recipients":${ascii(recipients)}`
  if (note !== undefined) text += `,"note":${ascii(note)}`
  if (reply !== undefined) text += `,"reply":${ascii(reply)}`
  if (tables !== undefined) text += `,"tables":${ascii(tables)}`
  if (filters !== undefined) text += `,"filters":${ascii(filters)}`
  if (filtersDropped !== undefined) text += `,"filtersDropped":${filtersDropped}`
  return `${text}}`
}

/** Places of settings are objects that a revision keeps; they go with it. */
const bySetting = new WeakMap<DecidedBy, Map<string, string>>()
/** Rules of the house and of the protocol have no object of their own. */
const byRule = new Map<string, string>()
/** Rules are written in the source, so there are some hundred; a bound nevertheless. */
const MAX_RULES = 10_000

function beginning({ at, stage, result, by }: Step): string {
  switch (by.by) {
    case 'config':
    case 'default': {
      const key = `${at} ${result} ${stage}`
      const texts = bySetting.get(by) ?? new Map<string, string>()
      const known = texts.get(key)
      if (known !== undefined) return known
      const text = written({ at, stage, result, by })
      bySetting.set(by, texts.set(key, text))
      return text
    }
    case 'protocol':
    case 'built-in': {
      if (by.by === 'built-in' && by.at !== undefined) return written({ at, stage, result, by })
      const key = `${at} ${result} ${by.by} ${stage}\n${by.rule}`
      const known = byRule.get(key)
      if (known !== undefined) return known
      const text = written({ at, stage, result, by })
      if (byRule.size < MAX_RULES) byRule.set(key, text)
      return text
    }
    default:
      return written({ at, stage, result, by })
  }
}

const written = (step: Pick<Step, 'at' | 'stage' | 'result' | 'by'>): string => ascii(step).slice(0, -1)

const NOT_ASCII = /[^\x00-\x7f]/

/** In ASCII the line takes one octet a character, in memory and on its way to the disk. */
function ascii(value: unknown): string {
  const text = JSON.stringify(value)
  return NOT_ASCII.test(text) ? text.replace(/[^\x00-\x7f]/g, escaped) : text
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
