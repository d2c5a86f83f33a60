// SPDX-License-Identifier: Apache-2.0
/**
 * The filters of one message, for all its recipients: what has to be known of them, then each group of levels in its
 * turn (spec filters.md 2). Pure: content, directory, memory are asked for.
 */
import { domainOf } from '../../address/address.ts'
import { type Asking, ask } from '../../ask/ask.ts'
import type { Revision } from '../../config/revision.ts'
import { filterEngine, type OfSite, subaddressSeparator } from '../../config/site-filters.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import { adjustmentOf, SieveMessage, type SieveProgram } from '../../sieve/index.ts'
import { adjustmentIn } from '../../sieve/private/spamadjust.ts'
import { sitePostmaster } from '../find-address.ts'
import type { ContentContext } from '../stage.ts'
import { askFilters } from './ask-filters.ts'
import type { Filtering, RunContext, Shared, User } from './filtering.ts'
import { ruleNamed } from './rules/index.ts'
import { runScript } from './runner.ts'
import type { FilterScript } from './script.ts'
import { groupScripts, ScriptCache, userScripts } from './user-scripts.ts'
import { Walk } from './walk.ts'

export type Begun =
  | { readonly kind: 'filtering'; readonly filtering: Filtering }
  /** There is no script at all, and nothing that filters carry out. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'defer'; readonly cause: string }

/** What is known of a message when its filters run: in the content stages, or later. */
export interface FilterContext extends RunContext, Pick<ContentContext, 'recipients' | 'receivedAt'> {
  readonly content: Pick<ContentContext['content'], 'size'>
}

interface Derived {
  readonly site: OfSite
  readonly cache: ScriptCache
}

/** What is made of a revision once: revisions are values, so it can be kept beside them. */
const DERIVED = new WeakMap<object, Derived>()

function derivedOf(revision: Revision): Derived {
  const key = revision.filters ?? revision
  const known = DERIVED.get(key)
  if (known !== undefined) return known
  const site = revision.filters ?? filterEngine(revision.config.filters, subaddressSeparator(revision.config))
  const derived = { site, cache: new ScriptCache(site) }
  DERIVED.set(key, derived)
  return derived
}

/** Of the revision: channels and MTA. Absent where there are none. */
export function siteScript(
  context: Pick<ContentContext, 'revision' | 'source'>,
  level: 'destination channel' | 'source channel' | 'MTA',
  recipient: Recipient,
): FilterScript | undefined {
  const { filters } = context.revision
  const program: SieveProgram | undefined =
    level === 'MTA'
      ? filters?.mta
      : level === 'source channel'
        ? filters?.source.get(context.source)
        : filters?.destination.get(recipient.channel)
  if (program === undefined) return undefined
  // Scripts of the site speak for its postmaster.
  return { level, name: program.name, program, owner: [sitePostmaster(context.revision)] }
}

/** Neither a script of the site nor a row of an access table has anything for the filters to do. */
export function nothingOfSite({ revision, recipients, source, carried }: FilterContext): boolean {
  const { site } = derivedOf(revision)
  if (site.mta !== undefined || site.source?.has(source) === true) return false
  if (site.destination !== undefined && recipients.some(({ channel }) => site.destination?.has(channel))) return false
  const { prefixes = [], jettison } = carried?.asked ?? {}
  return prefixes.length === 0 && jettison === undefined
}

/** @param scriptlets of scanners, in order of their numbers; they run first (spec filters.md 2, step 1) */
export function* beginFilters(context: FilterContext, scriptlets: readonly FilterScript[]): Asking<Begun> {
  const { revision, recipients, reversePath, carried, receivedAt: now } = context
  const { site, cache } = derivedOf(revision)
  const asked = carried?.asked ?? {}
  const found = yield* askFilters(context)
  if (found.kind === 'defer') return found
  const users = new Map<number, User>()
  for (const { recipient, filters, file } of found.users) {
    const domain = domainOf(recipient.address).toLowerCase()
    const internal = reversePath !== null && domainOf(reversePath).toLowerCase() === domain
    const input = { filters, recipient: recipient.address, now, internal, ...(file === undefined ? {} : { file }) }
    const groups = (recipient.groups ?? []).flatMap((group) => {
      const rules = found.groups.get(group)
      return rules === undefined ? [] : [groupScripts(group, rules, cache)]
    })
    users.set(recipient.index, { filters, scripts: userScripts(input, cache), groups })
  }
  const ofUsers = [...users.values()].some(
    ({ scripts, groups }) =>
      groups.length > 0 ||
      scripts.personal.length > 0 ||
      scripts.household !== undefined ||
      scripts.domain !== undefined ||
      scripts.reports.length > 0,
  )
  if (!ofUsers && scriptlets.length === 0 && nothingOfSite(context)) return { kind: 'nothing' }
  const most = revision.config.filters.content
  const content = yield* ask({ ask: 'content', most })
  if (content.kind === 'defer') return content
  if (content.kind === 'absent') return { kind: 'defer', cause: 'the content is not at hand' }
  const { size } = context.content
  const message = SieveMessage.parse(content.value, { size: Math.max(size, content.value.length) })
  const truncated = content.value.length < size
  const spam = adjustmentOf(
    (asked.spamadjust ?? []).map((text) => ({ kind: 'spamadjust', args: { score: adjustmentIn(text), text } })),
  )
  const walks = recipients.map((recipient) => {
    const user = users.get(recipient.index)
    const walk = new Walk(recipient, user?.scripts.owner ?? [recipient.address], message, spam)
    walk.tags.push(...(asked.prefixes ?? []))
    if (user !== undefined) walk.reports.push(...user.scripts.reports, ...user.groups.flatMap(({ reports }) => reports))
    return walk
  })
  const shared: Shared = { site, message, truncated, context, now, kept: new Map() }
  const filtering: Filtering = { shared, walks, users }
  for (const walk of walks)
    for (const script of scriptlets) {
      if (walk.failure !== undefined) break
      walk.takePlugin(script, yield* runScript(script, walk, shared))
    }
  return { kind: 'filtering', filtering }
}

/** Personal with the autoreply, groups, head of household, domain, and then what scriptlets decided. */
export function* runUserLevels({ shared, walks, users }: Filtering, literalFinish: boolean): Asking<void> {
  for (const walk of walks) {
    const user = users.get(walk.recipient.index)
    if (user !== undefined) {
      const { personal, household, domain } = user.scripts
      const named = (name: string): string | undefined => ruleNamed(user.filters.personal, name)?.rule.text
      // The autoreply is a part of the personal level: rules run behind it, whatever it said.
      const groups = user.groups.map(({ script }) => script)
      for (const script of personal) yield* runOne(script, walk, shared, literalFinish, named)
      // Their `:personal` scripts would be their own, not the recipient's.
      for (const script of [...groups, household, domain])
        if (script !== undefined) yield* runOne(script, walk, shared, literalFinish)
    }
    walk.plugins(literalFinish)
  }
}

/** Levels of the site. */
export function* runSiteLevels(
  { shared, walks }: Filtering,
  context: Pick<FilterContext, 'revision' | 'source'>,
  levels: readonly ('destination channel' | 'source channel' | 'MTA')[],
): Asking<void> {
  const { literalFinish } = context.revision.config.filters
  for (const walk of walks)
    for (const level of levels) {
      const script = siteScript(context, level, walk.recipient)
      if (script !== undefined) yield* runOne(script, walk, shared, literalFinish)
    }
}

function* runOne(
  script: FilterScript,
  walk: Walk,
  shared: Shared,
  literalFinish: boolean,
  personalScript?: (name: string) => string | undefined,
): Asking<void> {
  const hearing = walk.hearing(script, literalFinish)
  if (hearing === undefined) return
  walk.take(script, yield* runScript(script, walk, shared, personalScript), hearing)
}
