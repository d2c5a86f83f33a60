// SPDX-License-Identifier: Apache-2.0
/** `:count` and `:value`, RFC 5231. */
import { traceCompared } from '../match/match-types.ts'
import type { MatchTypeDef, SieveExtension } from '../plugin.ts'

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
  match(ctx, { values, keys, comparator, relation }) {
    const holds = HOLDS[relation]
    const wanted = keys.folded(comparator)
    return values.folded(comparator).some((value, v) => {
      const k = wanted.findIndex((key) => {
        ctx.spend(1 + (value.length >> 8))
        return holds?.(comparator.compare(value, key)) === true
      })
      traceCompared(ctx, values.texts[v] ?? '', keys.texts[k])
      return k >= 0
    })
  },
}

/** §4.2: the number of values is compared. */
const COUNT: MatchTypeDef = {
  name: 'count',
  relation: true,
  match(ctx, { values, keys, comparator, relation }) {
    const count = String(values.texts.length)
    const folded = comparator.fold(count)
    const k = keys.folded(comparator).findIndex((key) => {
      ctx.spend(1)
      return HOLDS[relation]?.(comparator.compare(folded, key)) === true
    })
    traceCompared(ctx, count, keys.texts[k])
    return k >= 0
  },
}

export const RELATIONAL: SieveExtension = { name: 'relational', matchTypes: [VALUE, COUNT] }
