// SPDX-License-Identifier: Apache-2.0
/**
 * One mapping operation: a table, a probe, input flags. spec mapping-tables.md 2, 5. Rows are tried in the order of the
 * table; `$C`, `$L` and `$R` make it go on, within the guard against loops and the bounds of `limits.ts`.
 */
import { Candidates } from './candidates.ts'
import { type Expanded, expandPlain, expandTemplate } from './expand.ts'
import { RUN_LIMITS, type RunLimits } from './limits.ts'
import { LookUps } from './look-ups.ts'
import { LoopGuard } from './loop-guard.ts'
import { matchPattern, type Taken } from './match.ts'
import { Probe } from './probe.ts'
import type { MappingAsking } from './questions.ts'
import type { MappingResult, MappingStep, RowRef } from './result.ts'
import { fieldsOf, rowStep, sortedFlags } from './row-step.ts'
import type { MappingRow, Mappings, MappingTable } from './table.ts'
import { FAILURE_DROPS_FLAGS, FLAGS_ADD_UP } from './unsure.ts'
import { Work } from './work.ts'

export interface RunOptions {
  /** Input flags: letters in either case. spec mapping-tables.md 6. */
  readonly input?: string
  readonly limits?: Partial<RunLimits>
  /** Cut arguments and results of call-outs to 252 octets, as the historical server did. */
  readonly truncateCalls?: boolean
}

/**
 * What the table says to the probe. A table that does not exist says nothing: not matched. Asks its questions one after
 * another, in the order of the template.
 */
export function runMapping(
  mappings: Mappings,
  table: string,
  probe: string,
  { input = '', limits, truncateCalls = false }: RunOptions = {},
): MappingAsking<MappingResult> {
  const work = new Work(limits === undefined ? RUN_LIMITS : { ...RUN_LIMITS, ...limits }, mappings.scratch)
  const shared: Shared = { mappings, input: input === '' ? NONE : new Set(input.toUpperCase()), truncateCalls, work }
  return new Operation(shared, table, probe, 0).run()
}

/** What an operation has in common with those it calls. */
interface Shared {
  readonly mappings: Mappings
  readonly input: ReadonlySet<string>
  readonly truncateCalls: boolean
  readonly work: Work
}

class Operation {
  readonly #shared: Shared
  readonly #work: Work
  readonly #name: string
  readonly #probe: string
  readonly #table: MappingTable | undefined
  readonly #depth: number
  /** Made when a row looks something up. */
  #lookUps: LookUps | undefined
  readonly #guard: LoopGuard
  readonly #steps: MappingStep[] = []
  #stepsDropped = 0
  #current: Probe
  /** Of the row that ended the operation, when it did not fail. */
  #output: string | undefined
  #flags = new Set<string>()
  #row: RowRef | undefined
  #failed = false

  constructor(shared: Shared, table: string, probe: string, depth: number) {
    this.#shared = shared
    this.#work = shared.work
    this.#name = table
    this.#probe = probe
    this.#table = shared.mappings.table(table)
    this.#current = new Probe(probe)
    this.#guard = new LoopGuard(probe.length)
    this.#depth = depth
  }

  #lookingUp(): LookUps {
    const shared = this.#shared
    const depth = this.#depth
    return new LookUps(this.#work, {
      depth,
      truncateCalls: shared.truncateCalls,
      // 4.9 [U]: the inner run sees the same input flags, and its own flags stay inside.
      *runTable(inner, argument) {
        if (shared.mappings.table(inner) === undefined) return undefined
        return yield* new Operation(shared, inner, argument, depth + 1).run()
      },
    })
  }

  *run(): MappingAsking<MappingResult> {
    const { probe: longest } = this.#work.limits
    if (this.#probe.length > longest) this.#work.exhaust(`a probe of more than ${longest} characters`)
    else if (this.#table !== undefined) yield* this.#passes(this.#table)
    return this.#result()
  }

  /** Goes through the table once, and again as often as rows and the guard allow. */
  *#passes(table: MappingTable): MappingAsking<void> {
    for (;;) {
      const by = yield* this.#pass(table)
      if (by === undefined) return
      const refused = !this.#guard.mayRestart(this.#current.length)
      this.#note({ step: 'restart', by, probe: this.#current.text, refused })
      if (refused) return
    }
  }

  /** One pass from the first row; what asks for another one, or `undefined` at the end. */
  *#pass(table: MappingTable): MappingAsking<'R' | 'L' | undefined> {
    let candidates = new Candidates(table.index, this.#current, 0, this.#work)
    /** A `$L` asks for one more pass, unless a later match says otherwise. */
    let onceMore = false
    for (let number = candidates.next(); number !== -1; number = candidates.next()) {
      const row = table.rows[number]
      if (row === undefined) break
      const taken = matchPattern(row.pattern, this.#current, this.#work)
      if (taken === undefined) continue
      if (taken === 'over' || !this.#mayMatch()) return undefined
      const given = {
        source: row.templateText,
        fields: fieldsOf(row.pattern, taken, this.#current.text),
        input: this.#shared.input,
        work: this.#work,
      }
      const { nodes, looksUp } = row.template
      if (looksUp) this.#lookUps ??= this.#lookingUp()
      const expanded =
        this.#lookUps !== undefined && looksUp
          ? yield* expandTemplate(nodes, given, this.#lookUps)
          : expandPlain(nodes, given)
      this.#matched(row, taken, expanded)
      if (this.#work.exhausted !== undefined) return undefined
      const { control } = expanded
      if (control === undefined) return undefined
      this.#failed = false
      if (expanded.failure === undefined) this.#current = new Probe(expanded.output)
      if (control === 'R') return 'R'
      onceMore = control === 'L'
      // The same string: the search goes on where it is.
      if (expanded.failure === undefined)
        candidates = new Candidates(table.index, this.#current, number + 1, this.#work)
    }
    return onceMore ? 'L' : undefined
  }

  #mayMatch(): boolean {
    const { matches } = this.#work.limits
    return ++this.#work.matches <= matches || this.#work.exhaust(`more than ${matches} matching rows`)
  }

  #matched(row: MappingRow, taken: Taken, expanded: Expanded): void {
    const { failure, control, output, flags } = expanded
    const step = rowStep(row, this.#current, taken, expanded)
    this.#row = step.row
    this.#failed = failure !== undefined
    this.#note(step)
    if (!FLAGS_ADD_UP) this.#flags.clear()
    if (failure === undefined || !FAILURE_DROPS_FLAGS) for (const flag of flags) this.#flags.add(flag)
    if (failure === undefined && control === undefined) this.#output = output
  }

  #note(step: MappingStep): void {
    if (this.#work.traced++ < this.#work.limits.trace) this.#steps.push(step)
    else this.#stepsDropped++
  }

  #result(): MappingResult {
    const { work } = this.#shared
    if (work.exhausted === undefined && this.#row !== undefined)
      return {
        kind: 'answered',
        matched: true,
        failed: this.#failed,
        output: this.#output ?? this.#current.text,
        flags: sortedFlags(this.#flags),
        row: this.#row,
        table: this.#name,
        probe: this.#probe,
        input: sortedFlags(this.#shared.input),
        steps: this.#steps,
        stepsDropped: this.#stepsDropped,
        unanswered: this.#lookUps?.unanswered ?? [],
        work: work.steps,
      }
    const common = {
      table: this.#name,
      probe: this.#probe,
      input: sortedFlags(this.#shared.input),
      steps: this.#steps,
      stepsDropped: this.#stepsDropped,
      unanswered: this.#lookUps?.unanswered ?? [],
      work: work.steps,
    }
    if (work.exhausted !== undefined) return { kind: 'deferred', cause: work.exhausted, ...common }
    return {
      kind: 'answered',
      matched: false,
      failed: this.#failed,
      output: this.#current.text,
      flags: sortedFlags(this.#flags),
      ...common,
    }
  }
}

const NONE: ReadonlySet<string> = new Set()
