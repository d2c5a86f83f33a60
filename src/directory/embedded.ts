// SPDX-License-Identifier: Apache-2.0
/**
 * The embedded directory: one SQLite file, edited by `postern user`, `domain` and `alias`, read by the server. Look-ups
 * are answered from a snapshot in memory; a change by another process is noticed by SQLite's `data_version`, which is
 * asked at most once a second, so that no look-up waits for the disk in between.
 */
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { type Domain, domainOf, type MailAddress } from '../address/address.ts'
import { addressKey, parseAddress, parseDomain } from '../address/path.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Account, AddressEntry, DomainEntry, Member } from '../ask/questions.ts'
import type { Directory } from './directory.ts'
import { madeUpKeys, PasswordChecker, type StoredPassword, storePassword } from './password.ts'

export type UserStatus = 'active' | 'disabled' | 'suspended'

export interface UserRow {
  readonly address: MailAddress
  readonly status: UserStatus
  readonly hasPassword: boolean
  /** Other addresses of the same mailbox. */
  readonly also: readonly MailAddress[]
}

export interface AliasRow {
  readonly address: MailAddress
  readonly members: readonly Member[]
  readonly owner?: MailAddress
}

/** What an administrator asked for cannot be done. */
export class DirectoryProblem extends Error {
  override readonly name = 'DirectoryProblem'
  readonly code: 'exists' | 'missing' | 'invalid' | 'in-use'
  constructor(code: DirectoryProblem['code'], message: string) {
    super(message)
    this.code = code
  }
}

const SCHEMA_VERSION = 1
const SCHEMA = `
CREATE TABLE IF NOT EXISTS secret (value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS domain (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user (key TEXT PRIMARY KEY, address TEXT NOT NULL, status TEXT NOT NULL, password TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS also (key TEXT PRIMARY KEY, address TEXT NOT NULL, user TEXT NOT NULL REFERENCES user(key) ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alias (key TEXT PRIMARY KEY, address TEXT NOT NULL, members TEXT NOT NULL, owner TEXT) WITHOUT ROWID;
`
/** How often another process's changes are looked for. */
const LOOK_AGAIN_MS = 1000

interface Snapshot {
  readonly version: number
  readonly domains: ReadonlySet<string>
  readonly users: ReadonlyMap<string, UserRow & { readonly password?: StoredPassword }>
  /** Key of another address → key of the user. */
  readonly also: ReadonlyMap<string, string>
  readonly aliases: ReadonlyMap<string, AliasRow>
}

export interface EmbeddedDirectory extends Directory {
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
  aliases(): readonly AliasRow[]
  addAlias(alias: AliasRow): void
  deleteAlias(address: MailAddress): void
  close(): void
}

/** Opens the file, and makes it when it is not there. @throws Error when it cannot be read or is of a later version */
export function openDirectory(file: string, now: () => number = () => performance.now()): EmbeddedDirectory {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (version > SCHEMA_VERSION)
    throw new Error(`${file} is of version ${version}; this Postern knows ${SCHEMA_VERSION}`)
  db.exec(SCHEMA)
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
  if (db.prepare('SELECT value FROM secret').get() === undefined)
    db.prepare('INSERT INTO secret VALUES (?)').run(randomBytes(32))
  const secret = db.prepare('SELECT value FROM secret').get()?.['value']
  if (!(secret instanceof Uint8Array)) throw new Error(`${file}: no secret`)

  const checker = new PasswordChecker()
  let snapshot = read(db)
  let lookedAt = now()
  const current = (): Snapshot => {
    if (now() - lookedAt < LOOK_AGAIN_MS) return snapshot
    lookedAt = now()
    if (dataVersion(db) !== snapshot.version) snapshot = read(db)
    return snapshot
  }
  const change = (statement: string, ...values: (string | null)[]): number => {
    const { changes } = db.prepare(statement).run(...values)
    snapshot = read(db)
    return Number(changes)
  }
  const requireDomain = (address: MailAddress): void => {
    if (!snapshot.domains.has(domainOf(address)))
      throw new DirectoryProblem('missing', `${domainOf(address)} is not a domain here; add it first`)
  }
  const requireFree = (address: MailAddress): void => {
    const key = addressKey(address)
    const taken = snapshot.users.has(key) || snapshot.also.has(key) || snapshot.aliases.has(key)
    if (taken) throw new DirectoryProblem('exists', `${address} is there already`)
  }
  const missing = (address: string): DirectoryProblem => new DirectoryProblem('missing', `${address} is not there`)

  return {
    domain(domain) {
      return current().domains.has(domain) ? { kind: 'found', value: { domain } } : { kind: 'absent' }
    },
    address: (address) => lookup(current(), addressKey(address)),
    async password(login, password) {
      const user = findLogin(current(), login)
      const usable = user?.status === 'active' ? user.password?.argon2 : undefined
      const right = await checker.check(usable, password)
      if (right === undefined) return { kind: 'defer', cause: 'too many sign-ins at one time' }
      return right && user !== undefined ? { kind: 'found', value: accountOf(user) } : { kind: 'absent' }
    },
    scram(login) {
      const user = findLogin(current(), login)
      const known = user?.status === 'active' && user.password !== undefined
      const { argon2: _, ...stored } = (known ? user.password : undefined) ?? {
        argon2: '',
        ...madeUpKeys(secret, login),
      }
      const account = user === undefined ? { login, addresses: [] } : accountOf(user)
      return { kind: 'found', value: { known, keys: { account, ...stored } } }
    },

    domains: () =>
      [...read(db).domains]
        .sort()
        .flatMap((name) => parseDomain(name) ?? [])
        .map((domain) => ({ domain })),
    addDomain(domain) {
      if (change('INSERT OR IGNORE INTO domain VALUES (?)', domain) === 0)
        throw new DirectoryProblem('exists', `${domain} is there already`)
    },
    deleteDomain(domain, { force = false } = {}) {
      const of = (address: MailAddress): boolean => domainOf(address) === domain
      const users = [...snapshot.users.values()].filter((user) => of(user.address))
      const aliases = [...snapshot.aliases.values()].filter((alias) => of(alias.address))
      if (!force && users.length + aliases.length > 0)
        throw new DirectoryProblem('in-use', `${domain} still has ${users.length} users and ${aliases.length} aliases`)
      for (const user of users) change('DELETE FROM user WHERE key = ?', addressKey(user.address))
      for (const alias of aliases) change('DELETE FROM alias WHERE key = ?', addressKey(alias.address))
      if (change('DELETE FROM domain WHERE name = ?', domain) === 0) throw missing(domain)
    },
    users: () => [...read(db).users.values()].map(({ password: _, ...row }) => row),
    async addUser({ address, password, also = [] }) {
      for (const each of [address, ...also]) {
        requireDomain(each)
        requireFree(each)
      }
      const stored = password === undefined ? null : JSON.stringify(await storePassword(password))
      change('INSERT INTO user VALUES (?, ?, ?, ?)', addressKey(address), address, 'active', stored)
      for (const each of also) change('INSERT INTO also VALUES (?, ?, ?)', addressKey(each), each, addressKey(address))
    },
    async setPassword(address, password) {
      const stored = JSON.stringify(await storePassword(password))
      if (change('UPDATE user SET password = ? WHERE key = ?', stored, addressKey(address)) === 0)
        throw missing(address)
    },
    setStatus(address, status) {
      if (change('UPDATE user SET status = ? WHERE key = ?', status, addressKey(address)) === 0) throw missing(address)
    },
    deleteUser(address) {
      if (change('DELETE FROM user WHERE key = ?', addressKey(address)) === 0) throw missing(address)
    },
    aliases: () => [...read(db).aliases.values()],
    addAlias({ address, members, owner }) {
      requireDomain(address)
      requireFree(address)
      if (members.length === 0) throw new DirectoryProblem('invalid', 'an alias needs a member')
      change(
        'INSERT INTO alias VALUES (?, ?, ?, ?)',
        addressKey(address),
        address,
        JSON.stringify(members),
        owner ?? null,
      )
    },
    deleteAlias(address) {
      if (change('DELETE FROM alias WHERE key = ?', addressKey(address)) === 0) throw missing(address)
    },
    close: () => db.close(),
  }
}

function lookup(snapshot: Snapshot, key: string): Lookup<AddressEntry> {
  const alias = snapshot.aliases.get(key)
  if (alias !== undefined) {
    const owner = alias.owner === undefined ? {} : { owner: alias.owner }
    return {
      kind: 'found',
      value: { kind: 'group', entry: `alias ${alias.address}`, members: alias.members, ...owner },
    }
  }
  const user = snapshot.users.get(snapshot.also.get(key) ?? key)
  if (user === undefined) return { kind: 'absent' }
  return {
    kind: 'found',
    value: { kind: 'user', entry: `user ${user.address}`, user: user.address, status: user.status },
  }
}

const findLogin = (snapshot: Snapshot, login: string) => snapshot.users.get(addressKey(login))

const accountOf = (user: UserRow): Account => ({ login: user.address, addresses: [user.address, ...user.also] })

const dataVersion = (db: DatabaseSync): number => Number(db.prepare('PRAGMA data_version').get()?.['data_version'] ?? 0)

function read(db: DatabaseSync): Snapshot {
  const rows = (query: string): readonly Record<string, unknown>[] => db.prepare(query).all()
  const also = rows('SELECT key, address, user FROM also')
  const users = rows('SELECT key, address, status, password FROM user ORDER BY key').flatMap((row) => {
    const address = parseAddress(String(row['address']))
    if (address === undefined) return []
    const stored = typeof row['password'] === 'string' ? (JSON.parse(row['password']) as StoredPassword) : undefined
    const others = also
      .filter((other) => other['user'] === row['key'])
      .flatMap((other) => parseAddress(String(other['address'])) ?? [])
    const user = { address, status: statusOf(row['status']), hasPassword: stored !== undefined, also: others }
    return [[String(row['key']), stored === undefined ? user : { ...user, password: stored }] as const]
  })
  const aliases = rows('SELECT key, address, members, owner FROM alias ORDER BY key').flatMap((row) => {
    const address = parseAddress(String(row['address']))
    const owner = parseAddress(String(row['owner'] ?? ''))
    if (address === undefined) return []
    const alias = { address, members: JSON.parse(String(row['members'])) as Member[] }
    return [[String(row['key']), owner === undefined ? alias : { ...alias, owner }] as const]
  })
  return {
    version: dataVersion(db),
    domains: new Set(rows('SELECT name FROM domain').map((row) => String(row['name']))),
    users: new Map(users),
    also: new Map(also.map((row) => [String(row['key']), String(row['user'])])),
    aliases: new Map(aliases),
  }
}

/** What we do not understand is temporary. */
const statusOf = (value: unknown): UserStatus => (value === 'active' || value === 'disabled' ? value : 'suspended')
