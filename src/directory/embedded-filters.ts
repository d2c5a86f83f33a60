// SPDX-License-Identifier: Apache-2.0
/**
 * What the embedded directory keeps of filters: rules of users and of domains, automatic replies, heads of household
 * (spec filters.md 1, 10). Read from the file each time, since it is asked once a local recipient and may be large;
 * SQLite keeps the pages in memory. Compare and swap is one transaction.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Domain, MailAddress } from '../address/address.ts'
import { addressKey, asciiDomain, parseAddress } from '../address/path.ts'
import type { Autoreply, RecipientFilters } from '../ask/filters.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { MailboxQuota } from '../ask/questions.ts'
import { parseAutoreply } from './autoreply.ts'
import { inTransaction, quotaOf } from './embedded-tables.ts'
import { overQuota, RULE_QUOTA, type RuleQuota, type RuleStore, stateOf } from './rule-store.ts'

/** A script editor waits for another writer so long, then tries again later; it may share its process with others. */
const RULE_BUSY_MS = 500

/** What else is known of a user, beside their rules. */
export interface UserSettings {
  readonly displayName?: string
  readonly autoreply?: Autoreply
  /** Whose rules come behind their own. */
  readonly household?: MailAddress
  readonly quota?: MailboxQuota
}

export interface EmbeddedFilters {
  filters(user: string, domain: Domain): Lookup<RecipientFilters>
  settings(key: string): UserSettings
  /** Within a transaction of the caller. */
  setSettings(key: string, settings: UserSettings): void
  domainRules(name: string): readonly string[]
  setDomainRules(name: string, values: readonly string[]): void
}

const keyOfDomain = (domain: string): string => asciiDomain(domain) ?? domain

export function embeddedFilters(db: DatabaseSync): EmbeddedFilters {
  const one = (query: string, ...values: string[]) => db.prepare(query).get(...values)
  const texts = (query: string, value: string): string[] =>
    db
      .prepare(query)
      .all(value)
      .map((row) => String(row['value']))
  const addresses = (key: string): MailAddress[] => {
    const main = one('SELECT address FROM user WHERE key = ?', key)?.['address']
    const also = texts('SELECT address AS value FROM also WHERE user = ? ORDER BY key', key)
    return [String(main), ...also].flatMap((text) => parseAddress(text) ?? [])
  }
  const settings = (key: string): UserSettings => {
    const row = one('SELECT name, autoreply, household FROM user_settings WHERE user = ?', key)
    const { name, autoreply, household } = row ?? {}
    const head = typeof household === 'string' ? parseAddress(household) : undefined
    const quota = one('SELECT octets, messages FROM quota WHERE user = ?', key)
    return {
      ...(quota === undefined ? {} : { quota: quotaOf(quota) }),
      ...(typeof name === 'string' ? { displayName: name } : {}),
      ...(typeof autoreply === 'string' ? { autoreply: parseAutoreply(autoreply) } : {}),
      ...(head === undefined ? {} : { household: head }),
    }
  }
  const domainRules = (name: string): string[] =>
    texts('SELECT value FROM domain_rule WHERE domain = ? ORDER BY place', name)

  return {
    filters(user, domain) {
      const key = keyOfUser(db, user)
      if (key === undefined) return { kind: 'absent' }
      const { household, quota: _, ...own } = settings(key)
      const head = household === undefined ? undefined : keyOfUser(db, household)
      const owner = head === undefined ? undefined : addresses(head)[0]
      return {
        kind: 'found',
        value: {
          addresses: addresses(key),
          personal: rulesOf(db, key),
          ...own,
          ...(head === undefined || owner === undefined ? {} : { household: { rules: rulesOf(db, head), owner } }),
          domain: domainsNamed(db, domain).flatMap(domainRules),
        },
      }
    },
    settings,
    setSettings(key, { displayName, autoreply, household, quota }) {
      const values = [
        displayName ?? null,
        autoreply === undefined ? null : JSON.stringify(autoreply),
        household ?? null,
      ]
      db.prepare('INSERT OR REPLACE INTO user_settings VALUES (?, ?, ?, ?)').run(key, ...values)
      db.prepare('DELETE FROM quota WHERE user = ?').run(key)
      if (quota?.octets === undefined && quota?.messages === undefined) return
      db.prepare('INSERT INTO quota VALUES (?, ?, ?)').run(key, quota.octets ?? null, quota.messages ?? null)
    },
    domainRules,
    setDomainRules(name, values) {
      db.prepare('DELETE FROM domain_rule WHERE domain = ?').run(name)
      const add = db.prepare('INSERT INTO domain_rule VALUES (?, ?, ?)')
      for (const [place, value] of values.entries()) add.run(name, place, value)
    },
  }
}

export function embeddedRules(db: DatabaseSync, quota: RuleQuota = RULE_QUOTA): RuleStore {
  return {
    async rules(user) {
      try {
        const key = keyOfUser(db, user)
        if (key === undefined) return { kind: 'absent' }
        const values = rulesOf(db, key)
        return { kind: 'found', value: { values, state: stateOf(values) } }
      } catch (error) {
        return { kind: 'defer', cause: causeOf(error) }
      }
    },
    async replace(user, values, state) {
      const why = overQuota(values, quota)
      if (why !== undefined) return { kind: 'refused', why }
      try {
        return inTransaction(
          db,
          () => {
            const key = keyOfUser(db, user)
            if (key === undefined) return { kind: 'refused', why: 'there is no such user' } as const
            if (stateOf(rulesOf(db, key)) !== state) return { kind: 'conflict' } as const
            db.prepare('DELETE FROM rule WHERE user = ?').run(key)
            const add = db.prepare('INSERT INTO rule VALUES (?, ?, ?)')
            for (const [place, value] of values.entries()) add.run(key, place, value)
            return { kind: 'stored' } as const
          },
          RULE_BUSY_MS,
        )
      } catch (error) {
        return { kind: 'defer', cause: causeOf(error) }
      }
    },
  }
}

const causeOf = (error: unknown): string => `directory: ${error instanceof Error ? error.message : String(error)}`

function rulesOf(db: DatabaseSync, key: string): string[] {
  const rows = db.prepare('SELECT value FROM rule WHERE user = ? ORDER BY place').all(key)
  return rows.map((row) => String(row['value']))
}

/** Users are named by any address they have. */
function keyOfUser(db: DatabaseSync, user: string): string | undefined {
  const key = addressKey(user)
  const row = db
    .prepare('SELECT key FROM user WHERE key = ? UNION SELECT user AS key FROM also WHERE key = ?')
    .get(key, key)
  return row === undefined ? undefined : String(row['key'])
}

/** Under either of its two names; the few domains of a site are compared one by one. */
function domainsNamed(db: DatabaseSync, domain: string): string[] {
  const names = db.prepare('SELECT DISTINCT domain FROM domain_rule').all()
  return names.map((row) => String(row['domain'])).filter((name) => keyOfDomain(name) === keyOfDomain(domain))
}
