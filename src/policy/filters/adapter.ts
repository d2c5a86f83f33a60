// SPDX-License-Identifier: Apache-2.0
/** What scripts ask, as questions of the house. Remembers whether an answer was about this recipient alone. */
import { type Asking, ask } from '../../ask/ask.ts'
import type { Lookup } from '../../ask/lookup.ts'
import type { Revision } from '../../config/revision.ts'
import type { SiteFilters } from '../../config/site-filters.ts'
import type { SiteList } from '../../config/site-lists.ts'
import type { Score, SieveAdapter } from '../../sieve/index.ts'
import { askTable, hasTable } from '../access/ask-table.ts'

export interface AdapterFor {
  readonly revision: Revision
  readonly site: Partial<Pick<SiteFilters, 'global' | 'lists'>>
  /** Whose mailboxes are looked at; absent: not a user of ours, who has none. */
  readonly user?: string | undefined
  /** Whose memory is looked at; absent: nobody's. */
  readonly owner?: string | undefined
  /** Id of the message. */
  readonly message: string
  readonly spam?: Score | undefined
  /** Other scripts of the owner by their names, RFC 6609 `:personal`; absent: they are not at hand. */
  readonly personalScript?: ((name: string) => string | undefined) | undefined
}

export interface Adapter {
  readonly answers: SieveAdapter
  /** Something of the recipient's own was asked for: the result holds for no other. */
  readonly personal: () => boolean
}

const ABSENT = { kind: 'absent' } as const
const found = <T>(value: T | undefined): Lookup<T> => (value === undefined ? ABSENT : { kind: 'found', value })

/** Without a value: is there such a list? */
function* isMember(revision: Revision, list: SiteList | undefined, value: string | undefined): Asking<Lookup<true>> {
  if (list === undefined) return ABSENT
  if (list.kind === 'file')
    return value === undefined || list.known.has(value.toLowerCase()) ? { kind: 'found', value: true } : ABSENT
  if (value === undefined) return hasTable(revision, list.table) ? { kind: 'found', value: true } : ABSENT
  const answer = yield* askTable(revision, list.table, value, '')
  if (answer?.kind === 'deferred') return { kind: 'defer', cause: answer.cause }
  // Of a row that fails no flag counts.
  return answer?.result.flags.includes('Y') === true ? { kind: 'found', value: true } : ABSENT
}

function* given<T>(value: T): Asking<T> {
  return value
}

export function adapterFor({ revision, site, user, owner, message, spam, personalScript }: AdapterFor): Adapter {
  let personal = false
  const mailbox = (which: { mailbox?: string; attribute?: string; id?: string }): Asking<Lookup<string>> => {
    personal = true
    return user === undefined ? given(ABSENT) : ask({ ask: 'mailbox.find', user, ...which })
  }
  const answers: SieveAdapter = {
    now: () => ask({ ask: 'now' }),
    'sieve.mailbox': ({ mailbox: name }) => mailbox({ mailbox: name }),
    'sieve.special-use': ({ attribute, mailbox: name }) =>
      mailbox({ attribute, ...(name === undefined ? {} : { mailbox: name }) }),
    'sieve.mailbox-id': ({ id }) => mailbox({ id }),
    // No store of ours keeps annotations (RFC 5464).
    'sieve.metadata': () => given(ABSENT),
    'sieve.include': ({ location, name }) => {
      if (location === 'global') return given(found(site.global?.get(name)))
      personal = true
      return given(found(personalScript?.(name)))
    },
    // The address book of a user, `:addrbook:default`, is in no directory of ours.
    'sieve.list': ({ list, value }) => isMember(revision, site.lists?.get(list), value),
    'sieve.members': ({ list }) => {
      const known = site.lists?.get(list)
      return given(found(known?.kind === 'file' ? known.members : undefined))
    },
    'sieve.duplicate': ({ id }) => {
      personal = true
      return owner === undefined ? given(ABSENT) : ask({ ask: 'memory.claim', of: 'duplicate', owner, id, by: message })
    },
    'sieve.score': ({ of }) => given(of === 'spam' && spam !== undefined ? { kind: 'found', value: spam } : ABSENT),
    // `mailto:` tells nothing of who is reached (RFC 5436 §2.1).
    'sieve.notify': () => given(ABSENT),
  }
  return { answers, personal: () => personal }
}
