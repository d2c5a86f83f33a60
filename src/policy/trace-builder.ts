// SPDX-License-Identifier: Apache-2.0
/**
 * Writes one trace while the engine runs (design 2.2). Bounded: equal steps of many recipients are folded into one,
 * and what does not fit into 64 KiB is counted instead of kept.
 */
import type { Fact } from '../ask/ask.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import type { RecipientVerdict, Step, Trace } from './trace.ts'
import { weigh, weighTables } from './trace-weight.ts'

/** Octets of a trace as JSON, about: design 2.2. */
export const MAX_TRACE_BYTES = 64 * 1024
/** Recipients named in one folded step, and kept with their verdicts; more are counted as cut. */
const MAX_FOLDED = 50
/** Room kept for what is set at the end: envelope, subject, outcome. */
const RESERVED_BYTES = 4096

export interface TraceStart {
  readonly id: MessageId | SessionId
  readonly session: SessionId
  readonly at: number
  readonly revision: string
  readonly listener: string
  readonly client: { readonly address: string; readonly port: number }
  readonly server: { readonly address: string; readonly port: number }
  readonly source: string
}

export interface TraceValues {
  readonly helo?: string
  readonly tls?: string
  readonly login?: string
  readonly source?: string
  readonly from?: string
  readonly size?: number
  readonly subject?: string
  readonly messageIdField?: string
}

type OpenStep = { -readonly [K in keyof Step]: Step[K] } & { recipients?: string[] }

export class TraceBuilder {
  readonly #start: TraceStart
  readonly #elapsedMs: () => number
  readonly #steps: Step[] = []
  readonly #stepByKey = new Map<string, OpenStep>()
  readonly #facts: Fact[] = []
  readonly #recipients: RecipientVerdict[] = []
  #values: TraceValues = {}
  #bytes = RESERVED_BYTES
  #cutSteps = 0
  #cutFacts = 0

  constructor(start: TraceStart, elapsedMs: () => number) {
    this.#start = start
    this.#elapsedMs = elapsedMs
  }

  /** Adds a step; one that differs from an earlier one only in its recipient joins it. */
  step(step: Omit<Step, 'ms'>): void {
    const { recipients } = step
    if (recipients === undefined) {
      if (this.#fits(stepWeight(step))) this.#steps.push({ ...step, ms: this.#now() })
      else this.#cutSteps++
      return
    }
    const key = `${step.at}\0${step.stage}\0${step.result}\0${step.note ?? ''}\0${step.reply ?? ''}\0${textOf(step.by)}\0${askedOf(step)}`
    const equal = this.#stepByKey.get(key)
    if (equal?.recipients !== undefined) {
      if (equal.recipients.length < MAX_FOLDED && this.#fits(weigh(recipients))) equal.recipients.push(...recipients)
      else this.#cutSteps++
      return
    }
    if (!this.#fits(stepWeight(step) + weigh(recipients))) {
      this.#cutSteps++
      return
    }
    const open: OpenStep = { ...step, ms: this.#now(), recipients: [...recipients] }
    this.#steps.push(open)
    this.#stepByKey.set(key, open)
  }

  fact(fact: Fact): void {
    if (this.#fits(weigh(fact))) this.#facts.push(fact)
    else this.#cutFacts++
  }

  recipient(verdict: RecipientVerdict): void {
    if (this.#fits(weigh(verdict))) this.#recipients.push(verdict)
    else this.#cutSteps++
  }

  set(values: TraceValues): void {
    this.#values = { ...this.#values, ...values }
  }

  /** Steps and facts of an earlier trace, so that a transaction's trace shows how its session began. */
  inherit(earlier: TraceBuilder): void {
    // The usual case, once a message: nothing is here that could be folded with it, and nothing is too much.
    if (this.#steps.length === 0 && earlier.#stepByKey.size === 0 && this.#fits(earlier.#bytes - RESERVED_BYTES)) {
      const ms = this.#now()
      for (const step of earlier.#steps) this.#steps.push({ ...step, ms })
      this.#facts.push(...earlier.#facts)
      return
    }
    for (const { ms: _, ...step } of earlier.#steps) this.step(step)
    for (const fact of earlier.#facts) this.fact(fact)
  }

  finish(outcome: Trace['outcome']): Trace {
    const cut = this.#cutSteps + this.#cutFacts > 0 ? { cut: { steps: this.#cutSteps, facts: this.#cutFacts } } : {}
    return {
      record: 'trace',
      version: 1,
      ...this.#start,
      ...this.#values,
      recipients: this.#recipients,
      outcome,
      steps: this.#steps,
      facts: this.#facts,
      ...cut,
    }
  }

  #now(): number {
    return Math.round(this.#elapsedMs())
  }

  #fits(bytes: number): boolean {
    if (this.#bytes + bytes > MAX_TRACE_BYTES) return false
    this.#bytes += bytes
    return true
  }
}

/** What names and marks of a step take. */
const STEP_MARKS = 90

const stepWeight = ({ stage, by, note, reply, tables, filters }: Omit<Step, 'ms'>): number =>
  STEP_MARKS +
  stage.length +
  textOf(by).length +
  (note?.length ?? 0) +
  (reply?.length ?? 0) +
  (tables === undefined ? 0 : weighTables(tables)) +
  (filters === undefined ? 0 : Buffer.byteLength(JSON.stringify(filters)))

/** Where a row of a table decided, what it was asked is part of the answer; where none did, one of them stands for all. */
const askedOf = ({ by, tables }: Omit<Step, 'ms'>): string =>
  by.by !== 'table' || by.row === undefined || tables === undefined ? '' : tables.map(({ probe }) => probe).join('\0')

/** Places of settings are told again and again, and are the same objects as long as their revision lives. */
const texts = new WeakMap<DecidedBy, string>()

function textOf(by: DecidedBy): string {
  if (by.by === 'protocol' || (by.by === 'built-in' && by.at === undefined)) return by.rule
  if (by.by !== 'config' && by.by !== 'default') return JSON.stringify(by)
  const known = texts.get(by)
  if (known !== undefined) return known
  const text = JSON.stringify(by)
  texts.set(by, text)
  return text
}
