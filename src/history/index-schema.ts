// SPDX-License-Identifier: Apache-2.0
/**
 * The tables of the index. All of it can be had again from the trace files: an index of another version, or one that
 * is damaged, is deleted and built anew.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { INDEX_NAME } from './trace-files.ts'

export const INDEX_VERSION = 2

const SCHEMA = `
  CREATE TABLE files (file INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, position INTEGER NOT NULL) STRICT;
  -- Where each record stands, and the ids it is found by. A place is file << 32 | offset: new ones come at the end.
  CREATE TABLE records (
    place INTEGER PRIMARY KEY, length INTEGER NOT NULL, id TEXT NOT NULL, also TEXT
  ) STRICT;
  CREATE INDEX records_id ON records (id);
  CREATE INDEX records_also ON records (also) WHERE also IS NOT NULL;
  CREATE TABLE messages (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, sender TEXT, client TEXT, outcome TEXT, words TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX messages_at ON messages (at);
  CREATE INDEX messages_client ON messages (client, at);
  CREATE TABLE recipients (
    id TEXT NOT NULL, address TEXT NOT NULL, domain TEXT NOT NULL, result TEXT NOT NULL,
    PRIMARY KEY (id, address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX recipients_domain ON recipients (domain);
  PRAGMA user_version = ${INDEX_VERSION};
`

export const indexPath = (directory: string): string => join(directory, INDEX_NAME)

/** For the one who writes. @throws when the disk says no */
export function openForWriting(directory: string): DatabaseSync {
  try {
    return prepare(directory)
  } catch (error) {
    if (!isDamage(error)) throw error
    deleteIndex(directory)
    return prepare(directory)
  }
}

class OtherVersion extends Error {
  override readonly name = 'OtherVersion'
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Nothing in the index is worth keeping; a full disk or a lock is another matter. */
export const isDamage = (error: unknown): boolean =>
  error instanceof OtherVersion ||
  (error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    [SQLITE_CORRUPT, SQLITE_NOTADB].includes(error.errcode & 0xff))

function prepare(directory: string): DatabaseSync {
  const db = new DatabaseSync(indexPath(directory), { timeout: 5000 })
  try {
    // Not synced: after a power cut SQLite finds a consistent older state in the WAL, and the files hold the rest.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    // The newest pages change in each batch, and are copied from the WAL into the index once in 8 MiB of it,
    // which counts as history does (trace-files.ts).
    db.exec('PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 2048; PRAGMA cache_size = -8192')
    const version = versionOf(db)
    if (version === 0) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
    else if (version !== INDEX_VERSION) throw new OtherVersion(`index of version ${version}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** For those who read, in any process; `undefined` when there is none that can be used. */
export function openForReading(directory: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(indexPath(directory), { readOnly: true, timeout: 5000 })
    if (versionOf(db) === INDEX_VERSION) return db
  } catch {
    // None yet, damaged, or not ours to open: the files say the same, more slowly.
  }
  db?.close()
  return undefined
}

export function deleteIndex(directory: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${indexPath(directory)}${end}`, { force: true })
}

const versionOf = (db: DatabaseSync): unknown => db.prepare('PRAGMA user_version').get()?.['user_version']
