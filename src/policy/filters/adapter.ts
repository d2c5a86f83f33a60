// SPDX-License-Identifier: Apache-2.0
/** What scripts ask, as questions of the house. Remembers whether an answer was about this recipient alone. */
import { type Asking, ask } from '../../ask/ask.ts'
import type { Lookup } from '../../ask/lookup.ts'
import type { Score, SieveAdapter } from '../../sieve/index.ts'

export interface AdapterFor {
  /** Whose mailboxes are looked at; absent: not a user of ours, who has none. */
  readonly user?: string | undefined
  /** Whose memory is looked at; absent: nobody's. */
  readonly owner?: string | undefined
  /** Id of the message. */
  readonly message: string
  readonly spam?: Score | undefined
  /** Other scripts of the owner by their names, RFC 6609 `:personal`. */
  readonly personalScript?: ((name: string) => string | undefined) | undefined
}

export interface Adapter {
  readonly answers: SieveAdapter
  /** Something of the recipient's own was asked for: the result holds for no other. */
  readonly personal: () => boolean
}

const ABSENT = { kind: 'absent' } as const

function* given<T>(value: T): Asking<T> {
  return value
}

export function adapterFor({ user, owner, message, spam, personalScript }: AdapterFor): Adapter {
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
      if (location === 'global') return ask({ ask: 'filter.include', location, name })
      personal = true
      const text = personalScript?.(name)
      if (text !== undefined) return given({ kind: 'found', value: text })
      return ask({ ask: 'filter.include', location, name, ...(owner === undefined ? {} : { user: owner }) })
    },
    'sieve.list': ({ list, value }) => ask({ ask: 'list.member', list, ...(value === undefined ? {} : { value }) }),
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
