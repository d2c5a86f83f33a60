// SPDX-License-Identifier: Apache-2.0
/**
 * From what the directory keeps of a user to the scripts that run: personal, household, domain (spec filters.md 1).
 * Compiled scripts are kept by their text, so that a thousand messages to one user compile once.
 */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { domainOf, type MailAddress } from '../../address/address.ts'
import type { RecipientFilters } from '../../ask/filters.ts'
import type { SiteFilters } from '../../config/site-filters.ts'
import type { FilterLevel, FilterReport } from '../../envelope/filtered.ts'
import type { Diagnostic } from '../../sieve/index.ts'
import { autoreplyScript } from './autoreply.ts'
import { type Glued, glue } from './rules/index.ts'
import { type FilterScript, SIEVE_LEVEL } from './script.ts'

export interface UserScripts {
  /** In the order they run; the autoreply stands before the rules, for these can stop. */
  readonly personal: readonly FilterScript[]
  readonly household?: FilterScript
  readonly domain?: FilterScript
  /** Values that cannot be used. */
  readonly reports: readonly FilterReport[]
  readonly owner: readonly MailAddress[]
}

export interface UserScriptsInput {
  readonly filters: RecipientFilters
  /** The script of a file that stands in place of the directory's (channel keyword `filter`). */
  readonly file?: { readonly name: string; readonly text: string }
  readonly recipient: MailAddress
  /** Wall-clock milliseconds. */
  readonly now: number
  readonly internal: boolean
}

/** Scripts kept compiled, and octets of their texts in all: a compiled script is some twenty times its text. */
const MAX_KEPT = 2000
const MAX_KEPT_OCTETS = 4 << 20

/** Compiled scripts of users, for one engine. */
export class ScriptCache {
  readonly #site: Pick<SiteFilters, 'engine' | 'limits'>
  readonly #kept = new LRUCache<string, Glued>({
    max: MAX_KEPT,
    maxSize: MAX_KEPT_OCTETS,
    maxEntrySize: MAX_KEPT_OCTETS,
  })

  constructor(site: Pick<SiteFilters, 'engine' | 'limits'>) {
    this.#site = site
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size
  }

  glued(level: FilterLevel, values: readonly string[]): Glued {
    const sieveLevel = SIEVE_LEVEL[level]
    const hash = createHash('sha256').update(sieveLevel)
    for (const value of values) hash.update(`\0${value.length}\0`).update(value)
    const key = hash.digest('base64')
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    const { engine, limits } = this.#site
    const glued = glue(values, { engine, level: sieveLevel, limits: limits[sieveLevel] })
    this.#kept.set(key, glued, { size: values.reduce((sum, { length }) => sum + length, 1) })
    return glued
  }
}

export function userScripts(input: UserScriptsInput, cache: ScriptCache): UserScripts {
  const { filters, file, recipient, now, internal } = input
  const { addresses, autoreply, household, domain } = filters
  const [own = recipient] = addresses
  const owner = addresses.length === 0 ? [recipient] : addresses
  const reports: FilterReport[] = []
  const personal: FilterScript[] = []
  const reply = autoreply === undefined ? undefined : autoreplyScript(autoreply, now, internal)
  if (reply !== undefined) {
    const name = `autoreply of ${own}`
    const { text, ...how } = reply
    const { program, dropped } = cache.glued('personal', [text])
    if (program !== undefined) personal.push({ level: 'personal', name, program, owner, autoreply: how })
    for (const { diagnostics } of dropped) reports.push(reportOf(own, 'personal', name, diagnostics))
  }
  const rules = (
    level: FilterLevel,
    values: readonly string[],
    of: string,
    to: MailAddress,
    owners: readonly MailAddress[],
  ) => {
    if (values.length === 0) return undefined
    const { program, placeOf, dropped } = cache.glued(level, values)
    const one = values.length === 1
    const named = (index: number): string => (one ? of : `rule ${index + 1} of ${of}`)
    for (const { index, diagnostics } of dropped) reports.push(reportOf(to, level, named(index), diagnostics))
    if (program === undefined) return undefined
    const script: FilterScript = {
      level,
      name: one ? of : `rules of ${of}`,
      program,
      owner: owners,
      placeOf: (line) => {
        const found = placeOf(line)
        return found === undefined ? undefined : { script: named(found.index), line: found.line }
      },
    }
    return script
  }
  const main =
    file === undefined
      ? rules('personal', filters.personal, own, own, owner)
      : rules('personal', [file.text], file.name, own, owner)
  if (main !== undefined) personal.push(main)
  const head =
    household === undefined
      ? undefined
      : rules('household', household.rules, household.owner, household.owner, [household.owner])
  const name = domainOf(recipient)
  // A domain has no address of its own; its postmaster is who looks after it (RFC 5321 §4.5.1).
  const postmaster = `postmaster@${name}` as MailAddress
  const ofDomain = rules('domain', domain, name, postmaster, [postmaster])
  return {
    personal,
    ...(head === undefined ? {} : { household: head }),
    ...(ofDomain === undefined ? {} : { domain: ofDomain }),
    reports,
    owner,
  }
}

/** Mistakes told of at once; nobody mends more at a time. */
const MAX_TOLD = 10

export const reportOf = (
  to: MailAddress,
  level: FilterLevel,
  script: string,
  problems: readonly Pick<Diagnostic, 'line' | 'column' | 'message'>[],
): FilterReport => ({
  to,
  level,
  script,
  text: problems
    .slice(0, MAX_TOLD)
    .map(({ line, column, message }) => `line ${line}, column ${column}: ${message.slice(0, 500)}`)
    .join('\n'),
})
