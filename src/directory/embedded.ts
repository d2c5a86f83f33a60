// SPDX-License-Identifier: Apache-2.0
/**
 * The embedded directory: one SQLite file, edited by `postern user`, `domain` and `alias`, read by the server. Look-ups
 * are answered from a snapshot in memory; a change by another process is noticed by SQLite's `data_version`, which is
 * asked at most once a second, so that no look-up waits for the disk in between. When the file cannot be read, look-ups
 * defer.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type Domain, domainOf, type MailAddress } from '../address/address.ts'
import { addressKey } from '../address/path.ts'
import type { DomainEntry } from '../ask/questions.ts'
import type { Directory } from './directory.ts'
import { embeddedFilters, embeddedRules, type UserSettings } from './embedded-filters.ts'
import { inTransaction, openTables, READ_BUSY_MS, readAll, type StoredUser, versionOf } from './embedded-tables.ts'
import { madeUpKeys, PasswordChecker, parseStored, storePassword } from './password.ts'
import { overQuota, RULE_QUOTA, type RuleStore } from './rule-store.ts'
import {
  type AliasRow,
  accountOf,
  domainKey,
  findAttribute,
  findDomain,
  findEntry,
  findLogin,
  type Snapshot,
  type UserRow,
  type UserStatus,
} from './snapshot.ts'

export type { UserSettings } from './embedded-filters.ts'
export type { AliasRow, UserRow, UserStatus } from './snapshot.ts'

/** What an administrator asked for cannot be done. */
export class DirectoryProblem extends Error {
  override readonly name = 'DirectoryProblem'
  readonly code: 'exists' | 'missing' | 'invalid' | 'in-use'
  constructor(code: DirectoryProblem['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** How often another process's changes are looked for. */
const LOOK_AGAIN_MS = 1000

/** Changes throw DirectoryProblem; a change is whole or not at all. Addresses name a user by any they have. */
export interface EmbeddedDirectory extends Directory {
  /** Of every user; the same file. */
  readonly ruleStore: RuleStore
  domains(): readonly DomainEntry[]
  addDomain(domain: Domain): void
  /** Refused while users or aliases of it remain, unless forced: then they go too. */
  deleteDomain(domain: Domain, options?: { readonly force?: boolean }): void
  users(): readonly UserRow[]
  addUser(user: {
    readonly address: MailAddress
    readonly password?: string
    readonly also?: readonly MailAddress[]
  }): Promise<void>
  setPassword(address: MailAddress, password: string): Promise<void>
  setStatus(address: MailAddress, status: UserStatus): void
  deleteUser(address: MailAddress): void
  userSettings(address: MailAddress): UserSettings
  /** All of them at once: what is not there is taken away. */
  setUserSettings(address: MailAddress, settings: UserSettings): void
  domainRules(domain: Domain): readonly string[]
  setDomainRules(domain: Domain, values: readonly string[]): void
  aliases(): readonly AliasRow[]
  addAlias(alias: AliasRow): void
  deleteAlias(address: MailAddress): void
  close(): void
}

/**
 * Opens the file, and makes it when it is not there. `now`: a monotonic clock.
 * @throws Error when it cannot be read or is of a later version
 */
export function openDirectory(file: string, now: () => number = () => performance.now()): EmbeddedDirectory {
  const { db, secret } = openTables(file)
  db.exec(`PRAGMA busy_timeout = ${READ_BUSY_MS}`)
  const own = { changes: 0 }
  return {
    ...lookupsOf(db, secret, own, now),
    ...changesOf(db, own),
    ruleStore: embeddedRules(db),
    close: () => db.close(),
  }
}

/** Changes made here, which `data_version` does not count. */
interface Own {
  changes: number
}

function lookupsOf(db: DatabaseSync, secret: Uint8Array, own: Own, now: () => number): Directory {
  const checker = new PasswordChecker()
  const kept = embeddedFilters(db)
  let seen: { readonly version: number; readonly own: number; readonly snapshot: Snapshot<StoredUser> } | undefined
  let failure = ''
  let lookedAt = Number.NEGATIVE_INFINITY
  /** `undefined` when the file cannot be read: what is remembered may be long untrue. */
  const current = (): Snapshot<StoredUser> | undefined => {
    const changed = seen !== undefined && seen.own !== own.changes
    if (!changed && now() - lookedAt < LOOK_AGAIN_MS) return seen?.snapshot
    lookedAt = now()
    try {
      // Before the reading: a change in between makes us read once too often, never too seldom.
      const version = versionOf(db)
      if (changed || version !== seen?.version) seen = { version, own: own.changes, snapshot: readAll(db) }
    } catch (error) {
      seen = undefined
      failure = `directory: ${error instanceof Error ? error.message : String(error)}`
    }
    return seen?.snapshot
  }
  const away = () => ({ kind: 'defer', cause: failure }) as const

  return {
    domain(domain) {
      const snapshot = current()
      return snapshot === undefined ? away() : findDomain(snapshot, domain)
    },
    address(address, options) {
      const snapshot = current()
      return snapshot === undefined ? away() : findEntry(snapshot, address, options)
    },
    attribute(domain, attribute) {
      const snapshot = current()
      return snapshot === undefined ? away() : findAttribute(snapshot, domain, attribute)
    },
    async password(login, password) {
      const snapshot = current()
      if (snapshot === undefined) return away()
      const user = findLogin(snapshot, login)
      const text = user?.status === 'active' ? user.password : undefined
      const stored = text === undefined ? undefined : parseStored(text)
      if (text !== undefined && stored === undefined) return { kind: 'defer', cause: `password of ${login}: damaged` }
      try {
        const right = await checker.check(stored?.argon2, password)
        if (right === undefined) return { kind: 'defer', cause: 'too many sign-ins at one time' }
        return right && user !== undefined ? { kind: 'found', value: accountOf(user) } : { kind: 'absent' }
      } catch (error) {
        return { kind: 'defer', cause: `password of ${login}: ${error instanceof Error ? error.message : 'damaged'}` }
      }
    },
    filters(user, domain) {
      try {
        return kept.filters(user, domain)
      } catch (error) {
        return { kind: 'defer', cause: `directory: ${error instanceof Error ? error.message : String(error)}` }
      }
    },
    scram(login) {
      const snapshot = current()
      if (snapshot === undefined) return away()
      const user = findLogin(snapshot, login)
      const text = user?.status === 'active' ? user.password : undefined
      const stored = text === undefined ? undefined : parseStored(text)
      // Made up for everybody, so that both take the same time.
      const madeUp = madeUpKeys(secret, login)
      const { salt, iterations, storedKey, serverKey } = stored ?? madeUp
      const account = user === undefined ? { login, addresses: [] } : accountOf(user)
      const keys = { account, salt, iterations, storedKey, serverKey }
      return { kind: 'found', value: { known: stored !== undefined, keys } }
    },
  }
}

function changesOf(db: DatabaseSync, own: Own): Omit<EmbeddedDirectory, keyof Directory | 'close' | 'ruleStore'> {
  const kept = embeddedFilters(db)
  const change = (work: () => void): void => {
    inTransaction(db, work)
    own.changes++
  }
  const run = (statement: string, ...values: (string | null)[]): number =>
    Number(db.prepare(statement).run(...values).changes)
  const missing = (what: string): DirectoryProblem => new DirectoryProblem('missing', `${what} is not there`)
  const requireDomain = (snapshot: Snapshot, address: MailAddress): void => {
    if (findDomain(snapshot, domainOf(address)).kind === 'absent')
      throw new DirectoryProblem('missing', `${domainOf(address)} is not a domain here; add it first`)
  }
  const requireFree = (snapshot: Snapshot, address: MailAddress): void => {
    const key = addressKey(address)
    if (snapshot.users.has(key) || snapshot.aliases.has(key))
      throw new DirectoryProblem('exists', `${address} is there already`)
  }
  const requireFound = (snapshot: Snapshot, domain: Domain): Domain => {
    const found = findDomain(snapshot, domain)
    if (found.kind !== 'found') throw missing(domain)
    return found.value.domain
  }
  /** The key of the user who has this address. */
  const userKey = (address: MailAddress): string => {
    const user = findLogin(readAll(db), address)
    if (user === undefined) throw missing(address)
    return addressKey(user.address)
  }
  const stored = async (password: string): Promise<string> => {
    try {
      return JSON.stringify(await storePassword(password))
    } catch (error) {
      if (error instanceof RangeError) throw new DirectoryProblem('invalid', error.message)
      throw error
    }
  }

  return {
    domains: () => [...readAll(db).domains.values()].sort().map((domain) => ({ domain })),
    addDomain(domain) {
      change(() => {
        if (findDomain(readAll(db), domain).kind === 'found')
          throw new DirectoryProblem('exists', `${domain} is there already`)
        run('INSERT INTO domain VALUES (?)', domain)
      })
    },
    deleteDomain(domain, { force = false } = {}) {
      change(() => {
        const snapshot = readAll(db)
        const found = findDomain(snapshot, domain)
        if (found.kind !== 'found') throw missing(domain)
        const of = (address: MailAddress): boolean => domainKey(domainOf(address)) === domainKey(domain)
        const all = [...new Set(snapshot.users.values())]
        const users = all.filter((user) => of(user.address))
        const also = all.flatMap((user) => user.also.filter(of))
        const aliases = [...snapshot.aliases.values()].filter((alias) => of(alias.address))
        if (!force && users.length + also.length + aliases.length > 0) {
          const what = `${users.length} users, ${also.length} other addresses of users and ${aliases.length} aliases`
          throw new DirectoryProblem('in-use', `${domain} still has ${what}`)
        }
        for (const user of users) run('DELETE FROM user WHERE key = ?', addressKey(user.address))
        for (const address of also) run('DELETE FROM also WHERE key = ?', addressKey(address))
        for (const alias of aliases) run('DELETE FROM alias WHERE key = ?', addressKey(alias.address))
        run('DELETE FROM domain WHERE name = ?', found.value.domain)
      })
    },
    users: () => [...new Set(readAll(db).users.values())].map(({ password: _, ...row }) => row),
    async addUser({ address, password, also = [] }) {
      const secret = password === undefined ? null : await stored(password)
      change(() => {
        const snapshot = readAll(db)
        const names = new Set<string>()
        for (const each of [address, ...also]) {
          requireDomain(snapshot, each)
          requireFree(snapshot, each)
          if (names.has(addressKey(each))) throw new DirectoryProblem('invalid', `${each} is named twice`)
          names.add(addressKey(each))
        }
        const key = addressKey(address)
        run('INSERT INTO user VALUES (?, ?, ?, ?)', key, address, 'active', secret)
        for (const each of also) run('INSERT INTO also VALUES (?, ?, ?)', addressKey(each), each, key)
      })
    },
    async setPassword(address, password) {
      const secret = await stored(password)
      change(() => run('UPDATE user SET password = ? WHERE key = ?', secret, userKey(address)))
    },
    setStatus(address, status) {
      change(() => run('UPDATE user SET status = ? WHERE key = ?', status, userKey(address)))
    },
    deleteUser(address) {
      change(() => run('DELETE FROM user WHERE key = ?', userKey(address)))
    },
    userSettings: (address) => kept.settings(userKey(address)),
    setUserSettings(address, settings) {
      change(() => {
        const key = userKey(address)
        const { household } = settings
        if (household !== undefined && userKey(household) === key)
          throw new DirectoryProblem('invalid', `${address} cannot be the head of their own household`)
        kept.setSettings(key, settings)
      })
    },
    domainRules: (domain) => kept.domainRules(requireFound(readAll(db), domain)),
    setDomainRules(domain, values) {
      const why = overQuota(values, RULE_QUOTA)
      if (why !== undefined) throw new DirectoryProblem('invalid', why)
      change(() => kept.setDomainRules(requireFound(readAll(db), domain), values))
    },
    aliases: () => [...readAll(db).aliases.values()],
    addAlias({ address, members, owner }) {
      const empty = members.some((member) => 'pipe' in member && (member.pipe[0] ?? '') === '')
      if (members.length === 0 || empty)
        throw new DirectoryProblem('invalid', 'an alias needs a member, and a program its path')
      change(() => {
        const snapshot = readAll(db)
        requireDomain(snapshot, address)
        requireFree(snapshot, address)
        const values = [addressKey(address), address, JSON.stringify(members), owner ?? null]
        run('INSERT INTO alias VALUES (?, ?, ?, ?)', ...values)
      })
    },
    deleteAlias(address) {
      change(() => {
        if (run('DELETE FROM alias WHERE key = ?', addressKey(address)) === 0) throw missing(address)
      })
    },
  }
}
