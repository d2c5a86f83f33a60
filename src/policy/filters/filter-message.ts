// SPDX-License-Identifier: Apache-2.0
/**
 * The filters of one message, for all its recipients: what has to be known of them, then each group of levels in its
 * turn (spec filters.md 2). Pure: content, directory, memory are asked for.
 */
import { domainOf } from '../../address/address.ts'
import { type Asking, ask, askAll } from '../../ask/ask.ts'
import { noFilters, type RecipientFilters } from '../../ask/filters.ts'
import type { Answers } from '../../ask/questions.ts'
import { filterPath, userOf } from '../../config/filter-pattern.ts'
import type { Revision } from '../../config/revision.ts'
import { filterEngine, type SiteFilters, subaddressSeparator } from '../../config/site-filters.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import { adjustmentOf, SieveMessage, type SieveProgram } from '../../sieve/index.ts'
import { adjustmentIn } from '../../sieve/private/spamadjust.ts'
import { channelConfig } from '../channels.ts'
import { sitePostmaster } from '../find-address.ts'
import type { ContentContext } from '../stage.ts'
import { parseRule } from './rules/index.ts'
import { runScript, type Shared } from './runner.ts'
import type { FilterScript } from './script.ts'
import { ScriptCache, type UserScripts, userScripts } from './user-scripts.ts'
import { Walk } from './walk.ts'

export interface Filtering {
  readonly shared: Shared
  readonly walks: readonly Walk[]
  /** By index of the recipient: only users of ours at a channel that delivers. */
  readonly users: ReadonlyMap<number, User>
}

export interface User {
  readonly filters: RecipientFilters
  readonly scripts: UserScripts
}

export type Begun =
  | { readonly kind: 'filtering'; readonly filtering: Filtering }
  /** There is no script at all, and nothing that filters carry out. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'defer'; readonly cause: string }

/** Kinds of channels that deliver to people: personal scripts run for these alone (spec filters.md 1). LMTP by choice [U]. */
const DELIVERS: ReadonlySet<string> = new Set(['maildir', 'local', 'lmtp', 'pipe'])

/** Directory entries asked for together. */
const TOGETHER = 100

interface Derived {
  readonly site: Pick<SiteFilters, 'engine' | 'limits'> & Partial<SiteFilters>
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

/** @param scriptlets of scanners, in order of their numbers; they run first (spec filters.md 2, step 1) */
export function* beginFilters(context: ContentContext, scriptlets: readonly FilterScript[]): Asking<Begun> {
  const { revision, recipients, source, reversePath, carried, receivedAt: now } = context
  const { site, cache } = derivedOf(revision)
  const asked = carried?.asked ?? {}
  const found = yield* askUsers(context)
  if (found.kind === 'defer') return found
  const users = new Map<number, User>()
  for (const [index, { filters, file }] of found.users) {
    const recipient = recipients.find((each) => each.index === index)
    if (recipient === undefined) continue
    const domain = domainOf(recipient.address).toLowerCase()
    const internal = reversePath !== null && domainOf(reversePath).toLowerCase() === domain
    const input = { filters, recipient: recipient.address, now, internal, ...(file === undefined ? {} : { file }) }
    users.set(index, { filters, scripts: userScripts(input, cache) })
  }
  const ofUsers = [...users.values()].some(
    ({ scripts }) =>
      scripts.personal.length > 0 ||
      scripts.household !== undefined ||
      scripts.domain !== undefined ||
      scripts.reports.length > 0,
  )
  const ofSite =
    site.mta !== undefined ||
    site.source?.has(source) === true ||
    (site.destination !== undefined && recipients.some(({ channel }) => site.destination?.has(channel)))
  const flagged = (asked.prefixes?.length ?? 0) > 0 || asked.jettison !== undefined
  if (!ofUsers && !ofSite && !flagged && scriptlets.length === 0) return { kind: 'nothing' }
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
    const walk = new Walk(recipient, message, spam)
    walk.tags.push(...(asked.prefixes ?? []))
    walk.reports.push(...(users.get(recipient.index)?.scripts.reports ?? []))
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

type FoundUser = {
  readonly filters: RecipientFilters
  readonly file?: { readonly name: string; readonly text: string }
}

function* askUsers({
  revision,
  recipients,
}: ContentContext): Asking<
  | { readonly kind: 'found'; readonly users: ReadonlyMap<number, FoundUser> }
  | { readonly kind: 'defer'; readonly cause: string }
> {
  const local = recipients.flatMap((recipient) => {
    const { user, channel, address } = recipient
    const config = channelConfig(revision, channel)
    return user === undefined || !DELIVERS.has(config.kind)
      ? []
      : [{ recipient, user, config, domain: domainOf(address) }]
  })
  const users = new Map<number, FoundUser>()
  for (let at = 0; at < local.length; at += TOGETHER) {
    const some = local.slice(at, at + TOGETHER)
    const answers: readonly Answers['directory.filters'][] = yield* askAll<'directory.filters'>(
      some.map(({ user, domain }) => ({ ask: 'directory.filters' as const, user, domain })),
    )
    for (const [i, answer] of answers.entries()) {
      const one = some[i]
      if (one === undefined) continue
      if (answer.kind === 'defer') return answer
      const { recipient, user, config } = one
      const filters = answer.kind === 'found' ? answer.value : noFilters(recipient.address)
      const pattern = 'filter' in config ? config.filter : undefined
      const path =
        pattern === undefined
          ? undefined
          : filterPath(pattern, valuesOf(recipient, user, filters, subaddressSeparator(revision.config)))
      if (path === undefined) {
        users.set(recipient.index, { filters })
        continue
      }
      const most = revision.config.filters.limits.scriptSize
      const file = yield* ask({ ask: 'filter.file', file: path, most })
      if (file.kind === 'defer') return file
      // Where both exist the file counts [U].
      users.set(recipient.index, {
        filters,
        ...(file.kind === 'found' ? { file: { name: path, text: file.value } } : {}),
      })
    }
  }
  return { kind: 'found', users }
}

function valuesOf({ address, detail }: Recipient, user: string, { home }: RecipientFilters, separator: string) {
  const at = address.lastIndexOf('@')
  const localPart = address.slice(0, at)
  return {
    address: detail === undefined ? address : `${localPart}${separator}${detail}${address.slice(at)}`,
    domain: domainOf(address).toLowerCase(),
    localPart,
    user: userOf(user.replace(/@.*$/s, ''), separator),
    ...(home === undefined ? {} : { home }),
  }
}

/** Personal with the autoreply, head of household, domain, and then what scriptlets decided. */
export function* runUserLevels({ shared, walks, users }: Filtering, literalFinish: boolean): Asking<void> {
  for (const walk of walks) {
    const user = users.get(walk.recipient.index)
    if (user !== undefined) {
      const { personal, household, domain } = user.scripts
      const named = (name: string): string | undefined =>
        user.filters.personal.map(parseRule).find((rule) => rule.name === name)?.text
      // The autoreply is a part of the personal level: rules run behind it, whatever it said.
      for (const script of [...personal, household, domain])
        if (script !== undefined) yield* runOne(script, walk, shared, literalFinish, named)
    }
    walk.plugins(literalFinish)
  }
}

/** Levels of the site. */
export function* runSiteLevels(
  { shared, walks }: Filtering,
  context: ContentContext,
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
