// SPDX-License-Identifier: Apache-2.0
/**
 * What a stage says in a trace, apart from when and of whom. Nearly all that is said of one message was said of the one
 * before: a stage that keeps a `Usual` says it with the same object, and what it weighs and how it is written as JSON is
 * worked out once, not for every message.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import { inOnePiece, jsonText, keptText, quoted } from './json-text.ts'
import type { Moment } from './moment.ts'
import type { StageResult, Verdict } from './stage.ts'
import type { Step } from './trace.ts'
import { weighTables } from './trace-weight.ts'

/** A step before it is known when, and of whom. */
export type Finding = Omit<Step, 'ms' | 'recipients'>

/** What names and marks of a step take. */
const STEP_MARKS = 90

export class Saying implements Finding {
  readonly at: Finding['at']
  readonly stage: string
  readonly result: Finding['result']
  readonly by: DecidedBy
  declare readonly note?: string
  declare readonly reply?: string
  declare readonly tables?: NonNullable<Finding['tables']>
  declare readonly filters?: NonNullable<Finding['filters']>
  declare readonly filtersDropped?: number
  #step: Step | undefined
  #weight: number | undefined
  #beginning: string | undefined
  #end: string | undefined
  /** It is said of other messages too. */
  readonly #lasts: boolean
  #behind: { readonly before: Saying; readonly text: string } | undefined

  constructor({ at, stage, result, by, note, reply, tables, filters, filtersDropped }: Finding, lasts = false) {
    this.#lasts = lasts
    this.at = at
    this.stage = stage
    this.result = result
    this.by = by
    if (note !== undefined) this.note = note
    if (reply !== undefined) this.reply = reply
    if (tables !== undefined) this.tables = tables
    if (filters !== undefined) this.filters = filters
    if (filtersDropped !== undefined) this.filtersDropped = filtersDropped
  }

  /** One that is told already stays the same object. */
  static of(finding: Finding): Saying {
    return finding instanceof Saying ? finding : new Saying(finding)
  }

  /** As a step of a trace; said of nobody in particular, the same object as long as the milliseconds are the same. */
  step(ms: number, recipients: readonly string[] | undefined): Step {
    if (recipients !== undefined) return this.#made(ms, recipients)
    if (this.#step?.ms !== ms) this.#step = this.#made(ms, undefined)
    return this.#step
  }

  #made(ms: number, recipients: readonly string[] | undefined): Step {
    const { at, stage, result, by, note } = this
    // Nearly all have a note at most.
    const step: { -readonly [K in keyof Step]: Step[K] } =
      note === undefined ? { at, stage, ms, result, by } : { at, stage, ms, result, by, note }
    if (recipients !== undefined) step.recipients = recipients
    if (this.reply !== undefined) step.reply = this.reply
    if (this.tables !== undefined) step.tables = this.tables
    if (this.filters !== undefined) step.filters = this.filters
    if (this.filtersDropped !== undefined) step.filtersDropped = this.filtersDropped
    return step
  }

  /** Octets as JSON, about. */
  get weight(): number {
    this.#weight ??= weightOf(this)
    return this.#weight
  }

  /** Its JSON to where milliseconds stand. */
  get beginning(): string {
    this.#beginning ??= this.#kept(beginningOf(this))
    return this.#beginning
  }

  /** Its JSON behind milliseconds and recipients. */
  get end(): string {
    this.#end ??= this.#kept(endOf(this))
    return this.#end
  }

  /** The end of the step before it and its own beginning. Kept for one: nearly always the same one is before it. */
  behind(before: Saying): string {
    if (this.#behind?.before !== before) this.#behind = { before, text: `${before.end},${this.beginning}` }
    return this.#behind.text
  }

  #kept(text: string): string {
    return this.#lasts ? inOnePiece(text) : text
  }

  /** Where a row of a table decided, what it was asked is part of the answer; where none did, one of them stands for all. */
  equals(other: Saying): boolean {
    return (
      this === other ||
      (this.stage === other.stage &&
        this.at === other.at &&
        this.result === other.result &&
        this.note === other.note &&
        this.reply === other.reply &&
        (this.by === other.by || textOf(this.by) === textOf(other.by)) &&
        askedOf(this) === askedOf(other))
    )
  }
}

const PASS: Verdict = { do: 'pass' }

/** A stage lets pass, for a reason that it gives again and again. Kept by the stage; where it changes the context, see `changed`. */
export class Usual implements StageResult<never> {
  readonly verdict = PASS
  readonly by: DecidedBy
  declare readonly note?: string
  readonly #sayings: Saying[] = []

  constructor(by: DecidedBy, note?: string) {
    this.by = by
    if (note !== undefined) this.note = note
  }

  /** The same object each time. */
  saying(at: Moment, stage: string, result: 'pass' | 'change'): Saying {
    for (const known of this.#sayings)
      if (known.stage === stage && known.at === at && known.result === result) return known
    const { by, note } = this
    const made = new Saying({ at, stage, result, by, ...(note === undefined ? {} : { note }) }, true)
    // Few stages share one, each at one or two moments.
    if (this.#sayings.length < MAX_SAYINGS) this.#sayings.push(made)
    return made
  }
}

const MAX_SAYINGS = 10

/** Of each that decides, by their notes. */
const usuals = new WeakMap<DecidedBy, Map<string | undefined, Usual>>()
/** Notes of one that decides; then they are kept anew. */
const MAX_NOTES = 100

/** For what has no place of its own to be kept at. `by`: an object that is there for long, as places of settings are. */
export function usual(by: DecidedBy, note?: string): Usual {
  const ofOne = usuals.get(by) ?? new Map<string | undefined, Usual>()
  const known = ofOne.get(note)
  if (known !== undefined) return known
  if (ofOne.size === 0) usuals.set(by, ofOne)
  if (ofOne.size >= MAX_NOTES) ofOne.clear()
  const made = new Usual(by, note)
  ofOne.set(note, made)
  return made
}

/** Nothing was looked at, for there is nothing to look at. */
export const silent = (by: DecidedBy): StageResult<never> => ({ verdict: PASS, by, silent: true })

/** The usual result of a stage that changes the context. */
export const changed = <C>(usual: Usual, context: C): StageResult<C> =>
  usual.note === undefined
    ? { verdict: PASS, by: usual.by, context, usual }
    : { verdict: PASS, by: usual.by, context, note: usual.note, usual }

const weightOf = ({ stage, by, note, reply, tables, filters }: Finding): number =>
  STEP_MARKS +
  stage.length +
  textOf(by).length +
  (note?.length ?? 0) +
  (reply?.length ?? 0) +
  (tables === undefined ? 0 : weighTables(tables)) +
  (filters === undefined ? 0 : Buffer.byteLength(JSON.stringify(filters)))

const beginningOf = ({ at, stage, result, by }: Finding): string =>
  `{"at":"${at}","stage":${quoted(stage)},"result":"${result}","by":${textOf(by)},"ms":`

function endOf({ note, reply, tables, filters, filtersDropped }: Finding): string {
  let text = note === undefined ? '' : `,"note":${quoted(note)}`
  if (reply !== undefined) text += `,"reply":${quoted(reply)}`
  if (tables !== undefined) text += `,"tables":${jsonText(tables)}`
  if (filters !== undefined) text += `,"filters":${jsonText(filters)}`
  if (filtersDropped !== undefined) text += `,"filtersDropped":${filtersDropped}`
  return `${text}}`
}

const askedOf = ({ by, tables }: Finding): string =>
  by.by !== 'table' || by.row === undefined || tables === undefined ? '' : tables.map(({ probe }) => probe).join('\0')

/** Places of settings are the same objects as long as their revision lives. */
const textOf = (by: DecidedBy): string => (by.by === 'config' || by.by === 'default' ? keptText(by) : jsonText(by))
