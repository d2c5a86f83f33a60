// SPDX-License-Identifier: Apache-2.0
/**
 * From what the directory keeps of a user or group to the scripts that run: personal, household, domain (spec filters.md
 * 1).
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
import { type Glued, glue, namedRules, parseRule } from './rules/index.ts'
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

/** Scripts kept compiled, and octets of their texts in all: a compiled script is some fourteen times its text. */
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
  const rules = (level: FilterLevel, values: readonly string[], of: string, owners: readonly MailAddress[]) => {
    const made = rulesScript(level, values, of, cache)
    for (const report of made.reports) reports.push({ to: owners[0] ?? own, ...report })
    return made.script === undefined ? undefined : { ...made.script, owner: owners }
  }
  const main =
    file === undefined
      ? rules('personal', filters.personal, own, owner)
      : rules('personal', [file.text], file.name, owner)
  if (main !== undefined) personal.push(main)
  const head =
    household === undefined ? undefined : rules('household', household.rules, household.owner, [household.owner])
  const name = domainOf(recipient)
  const ofDomain = rules('domain', domain, name, [postmasterOf(recipient)])
  return {
    personal,
    ...(head === undefined ? {} : { household: head }),
    ...(ofDomain === undefined ? {} : { domain: ofDomain }),
    reports,
    owner,
  }
}

export interface GroupScripts {
  readonly script?: FilterScript
  readonly reports: readonly FilterReport[]
}

/**
 * The rules of a group, for a user it led to. They speak for the group; mistakes are told to whoever gets its failures,
 * never to all its members.
 */
export function groupScripts(group: MailAddress, filters: RecipientFilters, cache: ScriptCache): GroupScripts {
  const { personal, addresses, errorsTo = postmasterOf(group) } = filters
  const { script, reports } = rulesScript('personal', personal, group, cache)
  return {
    ...(script === undefined ? {} : { script: { ...script, owner: addresses, group: { errorsTo } } }),
    reports: reports.map((report) => ({ to: errorsTo, ...report })),
  }
}

/** A domain has no address of its own; its postmaster is who looks after it (RFC 5321 §4.5.1). */
const postmasterOf = (address: MailAddress): MailAddress => `postmaster@${domainOf(address)}` as MailAddress

interface RulesScript {
  readonly script?: Omit<FilterScript, 'owner'>
  readonly reports: readonly Omit<FilterReport, 'to'>[]
}

/** One script of these rules, as traces name it; those that cannot be used are reported. */
function rulesScript(level: FilterLevel, values: readonly string[], of: string, cache: ScriptCache): RulesScript {
  if (values.length === 0) return { reports: [] }
  const { program, placeOf, dropped } = cache.glued(level, values)
  const one = values.length === 1
  const named = (index: number): string => (one ? of : `${calledRule(values, index)} of ${of}`)
  const reports = dropped.map(({ index, diagnostics }) => {
    const own = diagnostics.map((each) => ({ ...each, line: ownLine(values[index] ?? '', each.line) }))
    return problemsOf(level, named(index), own)
  })
  if (program === undefined) return { reports }
  const script: RulesScript['script'] = {
    level,
    name: one ? of : `rules of ${of}`,
    program,
    placeOf: (line) => {
      const found = placeOf(line)
      if (found === undefined) return undefined
      return { script: named(found.index), line: ownLine(values[found.index] ?? '', found.line) }
    },
  }
  return { script, reports }
}

/** As whoever wrote the rule counts, who does not see the comments that it is stored with. */
function ownLine(value: string, line: number): number {
  const comments = value.slice(0, value.length - parseRule(value).text.length).split('\n').length - 1
  return Math.max(1, line - comments)
}

/** As `postern filter list` calls it: `rule "The cooks"`; `rule 2` where it has no name. */
function calledRule(values: readonly string[], index: number): string {
  const name = namedRules(values).find((each) => each.index === index)?.name ?? ''
  return /^rule \d+$/.test(name) ? name : `rule "${name}"`
}

/** Mistakes told of at once; nobody mends more at a time. */
const MAX_TOLD = 10

export const reportOf = (
  to: MailAddress,
  level: FilterLevel,
  script: string,
  problems: readonly Pick<Diagnostic, 'line' | 'column' | 'message'>[],
): FilterReport => ({ to, ...problemsOf(level, script, problems) })

const problemsOf = (
  level: FilterLevel,
  script: string,
  problems: readonly Pick<Diagnostic, 'line' | 'column' | 'message'>[],
): Omit<FilterReport, 'to'> => ({
  level,
  script,
  text: problems
    .slice(0, MAX_TOLD)
    .map(({ line, column, message }) => `line ${line}, column ${column}: ${message.slice(0, 500)}`)
    .join('\n'),
})
