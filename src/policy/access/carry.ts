// SPDX-License-Identifier: Apache-2.0
/** Puts what a row said with what is carried already: spec access-control.md 3. Pure. */
import { type AskedFor, type Carried, MAX_CARRIED, NOTHING_CARRIED } from '../../envelope/carried.ts'
import type { Said, TableKind } from './flags.ts'

/** `dropped`: names of flags that found no room any more. */
export function carry(
  kind: TableKind,
  before: Carried = NOTHING_CARRIED,
  said: Said,
  rule: string,
): { readonly carried: Carried; readonly dropped: readonly string[] } {
  const dropped: string[] = []
  const more = <T>(flag: string, list: readonly T[] | undefined, value: T | undefined): readonly T[] | undefined => {
    if (value === undefined) return list
    if (list?.includes(value)) return list
    if ((list?.length ?? 0) < MAX_CARRIED) return [...(list ?? []), value]
    dropped.push(`$${flag}`)
    return list
  }
  const tags = kind === 'from' ? [...new Set([...(before.asked.tags ?? []), ...(said.tags ?? [])])] : before.asked.tags
  const asked: AskedFor = {
    ...before.asked,
    ...(said.novacation === true ? { novacation: true } : {}),
    ...optional('tags', tags?.length === 0 ? undefined : tags),
    ...optional('prefixes', more('T', before.asked.prefixes, said.prefix)),
    ...optional('captures', more('M', before.asked.captures, said.capture)),
    ...optional('spamadjust', more(',', before.asked.spamadjust, said.spamadjust)),
    ...optional('sender', said.sender),
    ...(said.jettison === true ? { jettison: before.asked.jettison ?? rule } : {}),
  }
  const fields = more('A', before.fields, said.field) ?? []
  const delayMs = Math.max(before.delayMs, said.delayMs ?? 0)
  return { carried: { asked, fields, delayMs, debug: Math.max(before.debug, said.debug ?? 0) }, dropped }
}

const optional = <K extends keyof AskedFor>(key: K, value: AskedFor[K]): Pick<AskedFor, K> | Record<never, never> =>
  value === undefined ? {} : { [key]: value }
