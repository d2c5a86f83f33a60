// SPDX-License-Identifier: Apache-2.0
/**
 * Can a table come to a certain answer for some probe of a language? Looks for a row that may give it, and for a probe
 * that this row matches and no row before it takes away for certain. What cannot be known counts as possible: "never" is
 * a proof, "perhaps" comes with probes to try.
 */
import type { MappingRow, MappingTable } from '../../mapping/index.ts'
import { type Bounds, findStrings } from './find-probe.ts'
import { type Language, languageOf } from './language.ts'
import { outcomesOf, type RowOutcome } from './row-outcomes.ts'

/** `allowed`: with `$Y`, without a flag that refuses. `not refused`: without one; no row at all is enough. */
export type Answer = 'allowed' | 'not refused'

export interface Candidate {
  /** The row that may give the answer; absent: no row matches. */
  readonly row?: MappingRow
  /** Probes it may give the answer to; none where too many classes would have had to be walked. */
  readonly probes: readonly string[]
}

export type Reach = { readonly kind: 'never' } | { readonly kind: 'perhaps'; readonly candidates: readonly Candidate[] }

export interface ReachOptions {
  readonly answer: Answer
  /** Flags that refuse. */
  readonly refusing: string
  /** All probes there are, or more. */
  readonly probes: Language
  /** Probes that are easily made into a session: tried first. */
  readonly nice: Language
  /** Probes that are not asked about. */
  readonly except?: readonly Language[]
  /** Rows whose saying so is meant. */
  readonly ignore?: ReadonlySet<MappingRow>
  /** Input flags that are certainly not set. */
  readonly unset: ReadonlySet<string>
  /** Probes for each candidate. */
  readonly most?: number
  readonly bounds?: Bounds
}

export function tableReach({ rows }: MappingTable, options: ReachOptions): Reach {
  const { answer, refusing, ignore = new Set() } = options
  const asks = { answer, refuses: (flags: ReadonlySet<string>) => [...refusing].some((flag) => flags.has(flag)) }
  const outcomes = rows.map(({ template }) => outcomesOf(template, options.unset))
  const may = outcomes.map((each) => each.some((outcome) => mayGive(outcome, asks)))
  // A string that a row has made may be anything, and so may what comes of it.
  const mayLater = answer === 'not refused' || may.some((each) => each)
  const candidates: Candidate[] = []
  const taken: Language[] = []
  for (const [i, row] of rows.entries()) {
    const mine = outcomes[i] ?? []
    const rewrites = mayLater && mine.some(({ succeeds, next }) => succeeds && next !== undefined)
    if ((may[i] === true || rewrites) && !ignore.has(row)) {
      const found = probesOf([languageOf(row.pattern, 'over')], taken, options)
      if (found !== undefined) candidates.push({ row, probes: found })
    }
    if (mine.every((outcome) => surelyNot(outcome, asks))) taken.push(languageOf(row.pattern, 'under'))
  }
  if (answer === 'not refused') {
    const found = probesOf([], taken, options)
    if (found !== undefined) candidates.unshift({ probes: found })
  }
  return candidates.length === 0 ? { kind: 'never' } : { kind: 'perhaps', candidates }
}

interface Asks {
  readonly answer: Answer
  refuses(flags: ReadonlySet<string>): boolean
}

function mayGive({ flags, next, succeeds }: RowOutcome, { answer, refuses }: Asks): boolean {
  if (flags === 'any') return true
  if (answer === 'allowed') return flags.has('Y') && !refuses(flags)
  // One that goes on with the same string leaves the answer to others; but the guard against loops ends what begins again
  // and again, and what a row further down would have said is never asked then.
  return !refuses(flags) && (next === undefined || next === 'R' || next === 'any' || succeeds)
}

/** It ends here, and not with this answer: whoever matches it never sees the rows behind it. */
function surelyNot({ flags, next }: RowOutcome, { answer, refuses }: Asks): boolean {
  if (flags === 'any' || next !== undefined) return false
  return answer === 'allowed' ? !flags.has('Y') || refuses(flags) : refuses(flags)
}

/** `undefined`: there are none, for certain. */
function probesOf(
  inside: readonly Language[],
  taken: readonly Language[],
  { probes, nice, except = [], most = 8, bounds }: ReachOptions,
): readonly string[] | undefined {
  const limits = { most, ...(bounds === undefined ? {} : { bounds }) }
  const first = findStrings([nice, ...inside], [...taken, ...except], limits)
  if (first.kind === 'found') return first.strings
  const all = findStrings([probes, ...inside], [...taken, ...except], limits)
  if (all.kind === 'none') return undefined
  return all.kind === 'found' ? all.strings : []
}
