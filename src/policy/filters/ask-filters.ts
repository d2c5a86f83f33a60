// SPDX-License-Identifier: Apache-2.0
/**
 * Asks what is kept of filters for those who get a message: users of ours, with the file that the channel keyword
 * `filter` names, and groups on the way to them (spec filters.md 1). One answer that is put off puts all of it off.
 */
import { domainOf, type MailAddress } from '../../address/address.ts'
import { type Asking, ask, askAll } from '../../ask/ask.ts'
import { noFilters, type RecipientFilters } from '../../ask/filters.ts'
import type { Answers } from '../../ask/questions.ts'
import { filterPath, userOf } from '../../config/filter-pattern.ts'
import { subaddressSeparator } from '../../config/site-filters.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import { channelConfig } from '../channels.ts'
import type { ContentContext } from '../stage.ts'

export interface FoundUser {
  readonly recipient: Recipient
  readonly filters: RecipientFilters
  readonly file?: { readonly name: string; readonly text: string }
}

export type FoundFilters =
  | {
      readonly kind: 'found'
      readonly users: readonly FoundUser[]
      readonly groups: ReadonlyMap<MailAddress, RecipientFilters>
    }
  | { readonly kind: 'defer'; readonly cause: string }

/** Kinds of channels that deliver to people: personal scripts run for these alone (spec filters.md 1). LMTP by choice [U]. */
const DELIVERS: ReadonlySet<string> = new Set(['maildir', 'local', 'lmtp', 'pipe'])

/** Directory entries asked for together. */
const TOGETHER = 100

export function* askFilters({
  revision,
  recipients,
}: Pick<ContentContext, 'revision' | 'recipients'>): Asking<FoundFilters> {
  const local = recipients.flatMap((recipient) => {
    const { user, channel } = recipient
    const config = channelConfig(revision, channel)
    return user === undefined || !DELIVERS.has(config.kind) ? [] : [{ recipient, user, config }]
  })
  const ofUsers = yield* askEach(local.map(({ recipient, user }) => [user, recipient.address]))
  if ('kind' in ofUsers) return ofUsers
  const users: FoundUser[] = []
  for (const [i, { recipient, user, config }] of local.entries()) {
    const filters = ofUsers[i] ?? noFilters(recipient.address)
    const pattern = 'filter' in config ? config.filter : undefined
    const separator = subaddressSeparator(revision.config)
    const path = pattern === undefined ? undefined : filterPath(pattern, valuesOf(recipient, user, filters, separator))
    if (path === undefined) {
      users.push({ recipient, filters })
      continue
    }
    const most = revision.config.filters.limits.scriptSize
    const file = yield* ask({ ask: 'filter.file', file: path, most })
    if (file.kind === 'defer') return file
    // Where both exist the file counts [U].
    users.push({ recipient, filters, ...(file.kind === 'found' ? { file: { name: path, text: file.value } } : {}) })
  }
  const named = [...new Set(local.flatMap(({ recipient }) => recipient.groups ?? []))]
  const ofGroups = yield* askEach(named.map((group) => [group, group]))
  if ('kind' in ofGroups) return ofGroups
  const groups = new Map(
    named.flatMap((group, i) => {
      const rules = ofGroups[i]
      return rules === undefined || rules.personal.length === 0 ? [] : [[group, rules] as const]
    }),
  )
  return { kind: 'found', users, groups }
}

/** In the order of who is asked about; nobody there is `undefined`. */
function* askEach(
  whom: readonly (readonly [name: string, address: MailAddress])[],
): Asking<readonly (RecipientFilters | undefined)[] | { readonly kind: 'defer'; readonly cause: string }> {
  const all: (RecipientFilters | undefined)[] = []
  for (let at = 0; at < whom.length; at += TOGETHER) {
    const answers: readonly Answers['directory.filters'][] = yield* askAll<'directory.filters'>(
      whom
        .slice(at, at + TOGETHER)
        .map(([user, address]) => ({ ask: 'directory.filters' as const, user, domain: domainOf(address) })),
    )
    for (const answer of answers) {
      if (answer.kind === 'defer') return answer
      all.push(answer.kind === 'found' ? answer.value : undefined)
    }
  }
  return all
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
