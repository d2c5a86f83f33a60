// SPDX-License-Identifier: Apache-2.0
/** The sequences that look something up, each as a question to the host or to another table. spec mapping-tables.md 4.5 to 4.12. */
import { isPercent } from './check-row.ts'
import { decodeDataUrl } from './data-url.ts'
import { DOCUMENTED } from './limits.ts'
import { askHost, type MappingAsking } from './questions.ts'
import type { LookupStep, MappingResult } from './result.ts'
import { formatSequence, parseSequence } from './sequence-number.ts'
import type { LookupKind } from './template.ts'
import { chanceSucceeds, imageName, MAX_NESTING } from './unsure.ts'
import type { Work } from './work.ts'

/** Runs a table with a probe, one level further in; `undefined` where there is no such table. */
export type RunTable = (table: string, probe: string) => MappingAsking<MappingResult | undefined>

/** `found` on success, a reason on failure. */
type Outcome =
  | { readonly found: string; readonly within?: MappingResult }
  | { readonly failed: string; readonly within?: MappingResult }

/** Octets a random number is made of: more than enough for a percentage, and exact as a number. */
const RANDOM_OCTETS = 6

export class LookUps {
  readonly #work: Work
  /** How many tables this operation is within. */
  readonly #depth: number
  readonly #runTable: RunTable
  readonly #truncateCalls: boolean
  /** Look-ups nobody could answer, with the cause. */
  readonly unanswered: string[] = []

  constructor(
    work: Work,
    options: { readonly depth: number; readonly truncateCalls: boolean; readonly runTable: RunTable },
  ) {
    this.#work = work
    this.#depth = options.depth
    this.#truncateCalls = options.truncateCalls
    this.#runTable = options.runTable
  }

  /** `written`: the sequence as it stands in the template. */
  *ask(kind: LookupKind, argument: string, written: string): MappingAsking<LookupStep> {
    const { limits } = this.#work
    const asked = { lookup: kind, written, asked: argument }
    if (++this.#work.lookups > limits.lookups) {
      this.#work.exhaust(`more than ${limits.lookups} look-ups`)
      return { ...asked, failed: 'too many look-ups' }
    }
    const outcome = yield* this.#outcome(kind, argument)
    if ('found' in outcome && !this.#work.fits(outcome.found)) return { ...asked, failed: 'the answer is too long' }
    return { ...asked, ...outcome }
  }

  *#outcome(kind: LookupKind, argument: string): MappingAsking<Outcome> {
    switch (kind) {
      case 'chance':
        return yield* this.#chance(argument)
      case 'sequence':
        return yield* this.#sequence(argument)
      case 'url':
        return yield* this.#url(argument)
      case 'table':
        return yield* this.#table(argument)
      case 'general':
        return this.#answered(yield* askHost({ ask: 'mapping.general', key: argument }), `general ${argument}`)
      case 'domain':
        return yield* this.#domain(argument)
      case 'call':
        return yield* this.#call(argument)
      default:
        return kind satisfies never
    }
  }

  *#chance(argument: string): MappingAsking<Outcome> {
    if (!isPercent(argument)) return { failed: 'no percentage' }
    const hex = yield* askHost({ ask: 'random', octets: RANDOM_OCTETS })
    const draw = Number.parseInt(hex, 16) / 2 ** (8 * RANDOM_OCTETS)
    const drawn = `drew ${(draw * 100).toFixed(3)} of 100`
    return chanceSucceeds(draw, Number(argument)) ? { found: drawn } : { failed: drawn }
  }

  *#sequence(argument: string): MappingAsking<Outcome> {
    const sequence = parseSequence(argument)
    if (sequence === undefined) return { failed: 'no file, or a radix, width or modulus that cannot be' }
    const answer = yield* askHost({ ask: 'mapping.sequence', file: sequence.file })
    if (answer.kind === 'found') return { found: formatSequence(sequence, answer.value) }
    return this.#answered(answer, `sequence ${sequence.file}`)
  }

  *#url(url: string): MappingAsking<Outcome> {
    if (/^data:/i.test(url)) {
      const text = decodeDataUrl(url)
      return text === undefined ? { failed: 'no data URL' } : { found: text }
    }
    return this.#answered(yield* askHost({ ask: 'mapping.url', url }), `url ${url}`)
  }

  *#table(argument: string): MappingAsking<Outcome> {
    const semicolon = argument.indexOf(';')
    if (semicolon === -1) return { failed: 'no ; behind the table name' }
    if (this.#depth >= MAX_NESTING) return { failed: `tables within each other more than ${MAX_NESTING} deep` }
    const within = yield* this.#runTable(argument.slice(0, semicolon), argument.slice(semicolon + 1))
    if (within === undefined) return { failed: 'no such table' }
    this.unanswered.push(...within.unanswered)
    if (within.kind === 'deferred') return { failed: within.cause, within }
    // 4.9: success only with flag Y.
    return within.flags.includes('Y')
      ? { found: within.output, within }
      : { failed: 'its result has no flag Y', within }
  }

  *#domain(argument: string): MappingAsking<Outcome> {
    const comma = argument.indexOf(',')
    if (comma === -1) return { failed: 'no , between domain and attribute' }
    const domain = argument.slice(0, comma).trim()
    const attribute = argument.slice(comma + 1).trim()
    return this.#answered(yield* askHost({ ask: 'mapping.domain', domain, attribute }), `domain ${argument}`)
  }

  *#call(written: string): MappingAsking<Outcome> {
    const m = /^([^,]*),([^,]*),([\s\S]*)$/.exec(written)
    if (m === null) return { failed: 'a call-out without image, routine and argument' }
    const image = imageName(m[1] ?? '')
    const routine = (m[2] ?? '').trim()
    const argument = this.#callText(m[3] ?? '')
    const answer = yield* askHost({ ask: 'mapping.call', image, routine, argument })
    if (answer.kind === 'unknown') return { failed: `there is no routine ${routine} in ${image}` }
    if (answer.kind === 'found') return { found: this.#callText(answer.value) }
    return this.#answered(answer, `call ${image},${routine}`)
  }

  /** 1.2 [U]: the historical server passed 252 octets; only sites that count on it want that. */
  #callText(text: string): string {
    if (!this.#truncateCalls || Buffer.byteLength(text) <= DOCUMENTED.callOut) return text
    return new TextDecoder().decode(Buffer.from(text).subarray(0, DOCUMENTED.callOut), { stream: true })
  }

  #answered(
    answer: { kind: 'found'; value: string } | { kind: 'absent' } | { kind: 'defer'; cause: string },
    what: string,
  ): Outcome {
    switch (answer.kind) {
      case 'found':
        return { found: answer.value }
      case 'absent':
        return { failed: 'nothing found' }
      case 'defer':
        this.unanswered.push(`${what}: ${answer.cause}`)
        return { failed: answer.cause }
      default:
        return answer satisfies never
    }
  }
}
