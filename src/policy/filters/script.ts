// SPDX-License-Identifier: Apache-2.0
/** A script of one level, ready to run for a recipient (spec filters.md 1). */
import type { MailAddress } from '../../address/address.ts'
import type { FilterLevel, FilterPlace } from '../../envelope/filtered.ts'
import type { Place, SieveLevel, SieveProgram } from '../../sieve/index.ts'

export interface FilterScript {
  readonly level: FilterLevel
  /** As traces name it: `filters/mta.sieve`, `rules of kim@example.org`. */
  readonly name: string
  readonly program: SieveProgram
  /** Its own addresses, the main one first: Resent-From, From of replies, and who is told of mistakes. */
  readonly owner: readonly MailAddress[]
  /** Where a line of it stands, if it was put together of several texts. */
  readonly placeOf?: (line: number) => { readonly script: string; readonly line: number } | undefined
  /** A group's: who hears of mistakes in it. A group sends no automatic replies, and what it sends it sends once. */
  readonly group?: { readonly errorsTo: MailAddress }
  /** What its vacation actions become: generated from the attributes of the directory (spec filters.md 10). */
  readonly autoreply?: { readonly seconds: number; readonly echo: boolean }
}

/** Levels a person or a domain speaks at; all others are the site's (spec filters.md 2). */
const USER_SIDE: ReadonlySet<FilterLevel> = new Set<FilterLevel>(['personal', 'household', 'domain'])

export const isUserSide = (level: FilterLevel): boolean => USER_SIDE.has(level)

/** What a script of each level may use, and its limits. */
export const SIEVE_LEVEL: Readonly<Record<FilterLevel, SieveLevel>> = {
  'plug-in': 'system',
  personal: 'user',
  household: 'user',
  domain: 'domain',
  'destination channel': 'system',
  'source channel': 'system',
  MTA: 'system',
}

/** Characters of a line shown. */
const MAX_TEXT = 200

/** The script that was included, if the place is not in the script itself; its lines are its own. */
export const includedAt = ({ program }: FilterScript, where: string): string | undefined =>
  where === '' || where === program.name ? undefined : where

/** @param place as the language gives it: `script` is the program it stands in */
export function placeIn(script: FilterScript, place: Place): FilterPlace {
  const { level, name, program } = script
  const { line, column } = place
  const included = includedAt(script, place.script)
  if (included !== undefined) return { level, script: `${included}, included by ${name}`, line, column }
  const text = program.source.split('\n', line)[line - 1]?.trim().slice(0, MAX_TEXT)
  const found = script.placeOf?.(line)
  return {
    level,
    script: found?.script ?? name,
    line: found?.line ?? line,
    column,
    ...(text === undefined || text === '' ? {} : { text }),
  }
}
