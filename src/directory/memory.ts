// SPDX-License-Identifier: Apache-2.0
/** A directory of plain values, for tests. Passwords are kept as they are, and SCRAM keys are cheap ones. */
import type { Domain, MailAddress } from '../address/address.ts'
import type { Directory } from './directory.ts'
import { madeUpKeys, storeScram } from './password.ts'
import { type AliasRow, accountOf, findDomain, findEntry, findLogin, snapshotOf, type UserStatus } from './snapshot.ts'

export interface MemoryUser {
  readonly address: MailAddress
  readonly password?: string
  readonly status?: UserStatus
  readonly also?: readonly MailAddress[]
}

export function memoryDirectory(content: {
  readonly domains: readonly Domain[]
  readonly users?: readonly MemoryUser[]
  readonly aliases?: readonly AliasRow[]
}): Directory {
  const users = (content.users ?? []).map(({ address, password, status = 'active', also = [] }) => {
    const signIn = password === undefined ? {} : { password, keys: storeScram(password, 4096) }
    return { address, status, also, hasPassword: password !== undefined, ...signIn }
  })
  const snapshot = snapshotOf(content.domains, users, content.aliases ?? [])
  const secret = Buffer.from('of a test')
  return {
    domain: (domain) => findDomain(snapshot, domain),
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
