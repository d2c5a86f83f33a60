// SPDX-License-Identifier: Apache-2.0
/**
 * Writes one trace while the engine runs (design 2.2). Bounded: equal steps of many recipients are folded into one,
 * and what does not fit into 64 KiB is counted instead of kept.
 */
import type { Fact } from '../ask/ask.ts'
import type { MessageId, SessionId } from '../envelope/message-id.ts'
import { factText } from './fact-text.ts'
import { type Finding, Saying } from './saying.ts'
import type { RecipientVerdict, Step, Trace } from './trace.ts'
import { weigh } from './trace-weight.ts'

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

/** A trace as its builder knows it: what its steps say, and its facts as JSON, each in its order. */
export interface Written {
  readonly sayings: readonly Saying[]
  readonly facts: readonly string[]
}

/** For who writes a trace out (history/record-text.ts): nothing of it need be made a second time. */
const written = new WeakMap<Trace, Written>()
/** `undefined`: the trace has been changed since, or read from somewhere. */
export const writtenOf = (trace: Trace): Written | undefined => written.get(trace)

export class TraceBuilder {
  readonly #start: TraceStart
  readonly #elapsedMs: () => number
  readonly #steps: Step[] = []
  readonly #sayings: Saying[] = []
  /** Those that name recipients, where others may join; by their places. */
  readonly #open: { readonly saying: Saying; readonly recipients: string[] }[] = []
  readonly #facts: Fact[] = []
  readonly #factTexts: string[] = []
  readonly #recipients: RecipientVerdict[] = []
  readonly #values: TraceValues = {}
  #bytes = RESERVED_BYTES
  #cutSteps = 0
  #cutFacts = 0

  constructor(start: TraceStart, elapsedMs: () => number) {
    this.#start = start
    this.#elapsedMs = elapsedMs
  }

  /** Adds a step; one that differs from an earlier one only in its recipient joins it. */
  step(finding: Finding, recipient?: string): void {
    const saying = Saying.of(finding)
    if (recipient === undefined) {
      if (this.#fits(saying.weight)) this.#add(saying, this.#now())
      else this.#cutSteps++
      return
    }
    const weight = recipient.length + RECIPIENT_MARKS
    for (const open of this.#open) {
      if (!open.saying.equals(saying)) continue
      if (open.recipients.length < MAX_FOLDED && this.#fits(weight)) open.recipients.push(recipient)
      else this.#cutSteps++
      return
    }
    if (!this.#fits(saying.weight + weight)) {
      this.#cutSteps++
      return
    }
    const recipients = [recipient]
    this.#add(saying, this.#now(), recipients)
    this.#open.push({ saying, recipients })
  }

  fact(fact: Fact): void {
    const text = factText(fact)
    if (!this.#fits(text.length + 1)) {
      this.#cutFacts++
      return
    }
    this.#facts.push(fact)
    this.#factTexts.push(text)
  }

  recipient(verdict: RecipientVerdict): void {
    if (this.#fits(weigh(verdict))) this.#recipients.push(verdict)
    else this.#cutSteps++
  }

  set(values: TraceValues): void {
    Object.assign(this.#values, values)
  }

  /** Steps and facts of a connection, whose trace names no recipient: a transaction's trace shows how its session began. */
  inherit(connection: TraceBuilder): void {
    // The usual case, once a message: nothing is too much.
    if (this.#fits(connection.#bytes - RESERVED_BYTES)) {
      const ms = this.#now()
      for (const saying of connection.#sayings) this.#add(saying, ms)
      this.#facts.push(...connection.#facts)
      this.#factTexts.push(...connection.#factTexts)
      return
    }
    for (const saying of connection.#sayings) this.step(saying)
    for (const fact of connection.#facts) this.fact(fact)
  }

  finish(outcome: Trace['outcome']): Trace {
    const whole: Trace = {
      record: 'trace',
      version: 1,
      ...this.#start,
      ...this.#values,
      recipients: this.#recipients,
      outcome,
      steps: this.#steps,
      facts: this.#facts,
    }
    const [steps, facts] = [this.#cutSteps, this.#cutFacts]
    const trace = steps + facts === 0 ? whole : { ...whole, cut: { steps, facts } }
    written.set(trace, { sayings: this.#sayings, facts: this.#factTexts })
    return trace
  }

  #add(saying: Saying, ms: number, recipients?: readonly string[]): void {
    this.#steps.push(saying.step(ms, recipients))
    this.#sayings.push(saying)
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

/** What a recipient takes beside its name. */
const RECIPIENT_MARKS = 7
