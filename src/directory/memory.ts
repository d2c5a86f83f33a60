// SPDX-License-Identifier: Apache-2.0
/** A directory of plain values, for tests. Passwords are kept as they are, and SCRAM keys are cheap ones. */
import type { Domain, MailAddress } from '../address/address.ts'
import type { Autoreply } from '../ask/filters.ts'
import type { MailboxQuota } from '../ask/questions.ts'
import type { Directory } from './directory.ts'
import { madeUpKeys, storeScram } from './password.ts'
import { overQuota, RULE_QUOTA, type RuleStore, stateOf } from './rule-store.ts'
import {
  type AliasRow,
  accountOf,
  findAttribute,
  findDomain,
  findEntry,
  findLogin,
  snapshotOf,
  type UserStatus,
} from './snapshot.ts'

export interface MemoryUser {
  readonly address: MailAddress
  readonly password?: string
  readonly status?: UserStatus
  readonly also?: readonly MailAddress[]
  readonly displayName?: string
  readonly rules?: readonly string[]
  readonly autoreply?: Autoreply
  readonly household?: MailAddress
  readonly quota?: MailboxQuota
}

export function memoryDirectory(content: {
  readonly domains: readonly Domain[]
  readonly users?: readonly MemoryUser[]
  readonly aliases?: readonly AliasRow[]
  readonly domainRules?: Readonly<Record<string, readonly string[]>>
}): Directory & { readonly ruleStore: RuleStore } {
  const users = (content.users ?? []).map(({ address, password, status = 'active', also = [], quota }) => {
    const limit = quota === undefined ? {} : { quota }
    const signIn = password === undefined ? {} : { password, keys: storeScram(password, 4096) }
    return { address, status, also, hasPassword: password !== undefined, ...signIn, ...limit }
  })
  const snapshot = snapshotOf(content.domains, users, content.aliases ?? [])
  const secret = Buffer.from('of a test')
  const more = new Map((content.users ?? []).map((user) => [user.address, user]))
  const rules = new Map((content.users ?? []).map((user) => [user.address, user.rules ?? []]))
  return {
    filters(login, domain) {
      const user = findLogin(snapshot, login)
      if (user === undefined) return { kind: 'absent' }
      const { displayName, autoreply, household } = more.get(user.address) ?? {}
      const head = household === undefined ? undefined : findLogin(snapshot, household)
      const found = findDomain(snapshot, domain)
      return {
        kind: 'found',
        value: {
          addresses: accountOf(user).addresses,
          personal: rules.get(user.address) ?? [],
          ...(displayName === undefined ? {} : { displayName }),
          ...(autoreply === undefined ? {} : { autoreply }),
          ...(head === undefined ? {} : { household: { rules: rules.get(head.address) ?? [], owner: head.address } }),
          domain: (found.kind === 'found' ? content.domainRules?.[found.value.domain] : undefined) ?? [],
        },
      }
    },
    ruleStore: {
      async rules(login) {
        const user = findLogin(snapshot, login)
        if (user === undefined) return { kind: 'absent' }
        const values = rules.get(user.address) ?? []
        return { kind: 'found', value: { values, state: stateOf(values) } }
      },
      async replace(login, values, state) {
        const why = overQuota(values, RULE_QUOTA)
        if (why !== undefined) return { kind: 'refused', why }
        const user = findLogin(snapshot, login)
        if (user === undefined) return { kind: 'refused', why: 'there is no such user' }
        if (stateOf(rules.get(user.address) ?? []) !== state) return { kind: 'conflict' }
        rules.set(user.address, [...values])
        return { kind: 'stored' }
      },
    },
    domain: (domain) => findDomain(snapshot, domain),
    attribute: (domain, attribute) => findAttribute(snapshot, domain, attribute),
    address: (address, options) => findEntry(snapshot, address, options),
    password(login, password) {
      const user = findLogin(snapshot, login)
      const right = user?.status === 'active' && user.password !== undefined && user.password === password
      return right ? { kind: 'found', value: accountOf(user) } : { kind: 'absent' }
    },
    scram(login) {
      const user = findLogin(snapshot, login)
      const account = user === undefined ? { login, addresses: [] } : accountOf(user)
      const known = user?.status === 'active' && user.keys !== undefined
      return { kind: 'found', value: { known, keys: { account, ...(user?.keys ?? madeUpKeys(secret, login)) } } }
    },
  }
}
