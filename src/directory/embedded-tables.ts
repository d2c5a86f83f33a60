// SPDX-License-Identifier: Apache-2.0
/** The tables of the embedded directory: made, read whole, changed in transactions. */
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { parseAddress, parseDomain } from '../address/path.ts'
import type { MailboxQuota, Member } from '../ask/questions.ts'
import { type AliasRow, type Snapshot, snapshotOf, type UserRow, type UserStatus } from './snapshot.ts'

/** 2 added rules, and what belongs to them; 3 quotas of mailboxes. */
const SCHEMA_VERSION = 3
const SCHEMA = `
CREATE TABLE IF NOT EXISTS secret (value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS domain (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user (key TEXT PRIMARY KEY, address TEXT NOT NULL, status TEXT NOT NULL, password TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS also (key TEXT PRIMARY KEY, address TEXT NOT NULL, user TEXT NOT NULL REFERENCES user(key) ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alias (key TEXT PRIMARY KEY, address TEXT NOT NULL, members TEXT NOT NULL, owner TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rule (user TEXT NOT NULL REFERENCES user(key) ON DELETE CASCADE, place INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (user, place));
CREATE TABLE IF NOT EXISTS user_settings (user TEXT PRIMARY KEY REFERENCES user(key) ON DELETE CASCADE, name TEXT, autoreply TEXT, household TEXT);
CREATE TABLE IF NOT EXISTS domain_rule (domain TEXT NOT NULL REFERENCES domain(name) ON DELETE CASCADE, place INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (domain, place));
CREATE TABLE IF NOT EXISTS quota (user TEXT PRIMARY KEY REFERENCES user(key) ON DELETE CASCADE, octets INTEGER, messages INTEGER) WITHOUT ROWID;
`
/** Writers wait for each other; the server, which only reads, must not stand still behind one. */
const WRITE_BUSY_MS = 5000
export const READ_BUSY_MS = 50

export interface StoredUser extends UserRow {
  /** As stored: password.ts reads it when somebody signs in. */
  readonly password?: string
}

export function openTables(file: string): { readonly db: DatabaseSync; readonly secret: Uint8Array } {
  // Password hashes are in it: nobody else may read it, nor the files SQLite puts beside it with the same mode.
  closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file)
  try {
    db.exec(`PRAGMA busy_timeout = ${WRITE_BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`)
    db.exec('PRAGMA foreign_keys = ON')
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
    if (version > SCHEMA_VERSION)
      throw new Error(`${file} is of version ${version}; this Postern knows ${SCHEMA_VERSION}`)
    if (version < SCHEMA_VERSION)
      inTransaction(db, () => {
        db.exec(SCHEMA)
        if (db.prepare('SELECT value FROM secret').get() === undefined)
          db.prepare('INSERT INTO secret VALUES (?)').run(randomBytes(32))
        db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
      })
    const secret = db.prepare('SELECT value FROM secret').get()?.['value']
    if (!(secret instanceof Uint8Array)) throw new Error(`${file} has no secret`)
    return { db, secret }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Whole or not at all; other writers wait. */
export function inTransaction<T>(db: DatabaseSync, work: () => T, busyMs: number = WRITE_BUSY_MS): T {
  db.exec(`PRAGMA busy_timeout = ${busyMs}`)
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  } finally {
    db.exec(`PRAGMA busy_timeout = ${READ_BUSY_MS}`)
  }
}

/** Changes when another connection commits. */
export const versionOf = (db: DatabaseSync): number => Number(db.prepare('PRAGMA data_version').get()?.['data_version'])

/** Everything, of one moment. Rows that make no sense are left out: they cannot have come from here. */
export function readAll(db: DatabaseSync): Snapshot<StoredUser> {
  if (db.isTransaction) return readRows(db)
  db.exec('BEGIN')
  try {
    return readRows(db)
  } finally {
    db.exec('COMMIT')
  }
}

function readRows(db: DatabaseSync): Snapshot<StoredUser> {
  const rows = (query: string) => db.prepare(query).all()
  const also = Map.groupBy(rows('SELECT address, user FROM also ORDER BY key'), (row) => String(row['user']))
  const quotas = new Map(
    rows('SELECT user, octets, messages FROM quota').map((row) => [String(row['user']), quotaOf(row)]),
  )
  const users = rows('SELECT key, address, status, password FROM user ORDER BY key').flatMap((row) => {
    const address = parseAddress(String(row['address']))
    if (address === undefined) return []
    const others = (also.get(String(row['key'])) ?? []).flatMap((other) => parseAddress(String(other['address'])) ?? [])
    const { password } = row
    const quota = quotas.get(String(row['key']))
    const limit = quota === undefined ? {} : { quota }
    const hasPassword = typeof password === 'string'
    const user = { address, status: statusOf(row['status']), hasPassword, also: others, ...limit }
    return [typeof password === 'string' ? { ...user, password } : user]
  })
  const aliases = rows('SELECT address, members, owner FROM alias ORDER BY key').flatMap((row): AliasRow[] => {
    const address = parseAddress(String(row['address']))
    if (address === undefined) return []
    const owner = parseAddress(String(row['owner'] ?? ''))
    const alias = { address, members: membersOf(String(row['members'])) }
    return [owner === undefined ? alias : { ...alias, owner }]
  })
  const domains = rows('SELECT name FROM domain ORDER BY name').flatMap((row) => parseDomain(String(row['name'])) ?? [])
  return snapshotOf(domains, users, aliases)
}

export function quotaOf({ octets, messages }: Readonly<Record<string, unknown>>): MailboxQuota {
  return {
    ...(typeof octets === 'number' ? { octets } : {}),
    ...(typeof messages === 'number' ? { messages } : {}),
  }
}

function membersOf(json: string): readonly Member[] {
  const list: unknown = JSON.parse(json)
  if (!Array.isArray(list)) throw new Error('the members of an alias are damaged')
  return list.map((value: unknown): Member => {
    if (typeof value === 'object' && value !== null) {
      if ('pipe' in value && Array.isArray(value.pipe)) return { pipe: value.pipe.map(String) }
      const address = 'address' in value ? parseAddress(String(value.address)) : undefined
      if (address !== undefined) return { address }
    }
    throw new Error('a member of an alias is damaged')
  })
}

/** What we do not understand is temporary. */
const statusOf = (value: unknown): UserStatus => (value === 'active' || value === 'disabled' ? value : 'suspended')
