// SPDX-License-Identifier: Apache-2.0
/** Services as a host: what answers the questions of a run (design 2.1). */
import type { Lookup } from '../../ask/lookup.ts'
import type { SieveHost } from '../questions.ts'
import type { SieveServices } from './services.ts'

const missing = (what: string): Lookup<never> => ({ kind: 'defer', cause: `nothing here knows ${what}` })

export const hostOf = (services: SieveServices): SieveHost => ({
  now: () => services.clock(),
  'sieve.mailbox': ({ mailbox }) => services.store?.exists(mailbox) ?? missing('mailboxes'),
  'sieve.special-use': ({ attribute, mailbox }) =>
    services.store?.specialUse(attribute, mailbox) ?? missing('mailboxes'),
  'sieve.mailbox-id': ({ id }) => services.store?.byId(id) ?? missing('mailboxes'),
  'sieve.metadata': ({ mailbox, annotation }) =>
    services.store?.metadata(mailbox, annotation) ?? missing('annotations'),
  'sieve.include': ({ location, name }) => services.includes?.read(location, name) ?? missing('scripts'),
  'sieve.list': ({ list, value }) =>
    services.lists === undefined
      ? missing('lists')
      : value === undefined
        ? services.lists.has(list)
        : services.lists.contains(list, value),
  'sieve.members': ({ list }) => services.lists?.members(list) ?? missing('lists'),
  'sieve.duplicate': async ({ id }) => {
    if (services.duplicates === undefined) return missing('duplicates')
    return (await services.duplicates.check(id)) ? { kind: 'found', value: true } : { kind: 'absent' }
  },
  'sieve.score': ({ of }) => services.scores?.score(of) ?? { kind: 'absent' },
  'sieve.notify': ({ uri, capability }) => {
    const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase()
    const notifier = services.notifiers?.find((one) => one.scheme === scheme)
    return notifier?.capability?.(uri, capability) ?? { kind: 'absent' }
  },
})
