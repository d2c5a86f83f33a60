// SPDX-License-Identifier: Apache-2.0
/** `:count` and `:value`, RFC 5231. */
import { traceCompared } from '../match/match-types.ts'
import type { TextList } from '../match/text-list.ts'
import type { ComparatorDef, MatchTypeDef, SieveExtension } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'

const HOLDS: Readonly<Record<string, (order: number) => boolean>> = {
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
}

/** §4.1: some value stands in this relation to some key. Where there is no value it does not hold, for `ne` neither. */
const VALUE: MatchTypeDef = {
  name: 'value',
  relation: true,
  match(ctx, values, { keys, comparator, relation }) {
    for (let v = 0; v < values.length; v++) {
      const k = related(ctx, values.folded(comparator, v), keys, comparator, relation)
      traceCompared(ctx, values.at(v), k === undefined ? undefined : keys.at(k))
      if (k !== undefined) return true
    }
    return false
  },
}

/** The first key that the value, in its normal form, stands in this relation to. */
function related(
  ctx: RunContext,
  value: string,
  keys: TextList,
  comparator: ComparatorDef,
  relation: string,
): number | undefined {
  for (let k = 0; k < keys.length; k++) {
    ctx.spend(1 + (value.length >> 8))
    if (HOLDS[relation]?.(comparator.compare(value, keys.folded(comparator, k))) === true) return k
  }
  return undefined
}

/** §4.2: the number of values is compared. */
const COUNT: MatchTypeDef = {
  name: 'count',
  relation: true,
  match(ctx, values, { keys, comparator, relation }) {
    const count = String(values.length)
    const k = related(ctx, comparator.fold(count), keys, comparator, relation)
    traceCompared(ctx, count, k === undefined ? undefined : keys.at(k))
    return k !== undefined
  },
}

export const RELATIONAL: SieveExtension = { name: 'relational', matchTypes: [VALUE, COUNT] }
