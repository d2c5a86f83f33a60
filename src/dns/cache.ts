// SPDX-License-Identifier: Apache-2.0
/** Answers for their time to live, and names that are not there, with everything below them (RFC 2308, RFC 8020). */
import { LRUCache } from 'lru-cache'
import type { DnsLookup, DnsType } from '../ask/lookup.ts'
import type { Clock } from '../clock/clock.ts'

type Kept = Exclude<DnsLookup, { readonly kind: 'defer' }>

export interface AnswerCache {
  /** Times to live in the answer count from now. */
  find(name: string, type: DnsType): Kept | undefined
  keep(name: string, type: DnsType, answer: Kept): void
  /** This name does not exist: no type of it, and no name below it. */
  keepDenied(name: string, ttlSeconds: number): void
}

/**
 * Octets of an entry on average. Hardly an answer has a tenth of it; one that a hostile server makes as large as TCP
 * allows has 64 times as much, and 10,000 of those would be our memory.
 */
const ENTRY_OCTETS = 1024

export function createAnswerCache(entries: number, clock: Clock): AnswerCache {
  if (entries === 0) return { find: () => undefined, keep: () => {}, keepDenied: () => {} }
  const cache = new LRUCache<string, { readonly answer: Kept; readonly until: number }>({
    max: entries,
    maxSize: entries * ENTRY_OCTETS,
    sizeCalculation: ({ answer }, key) => key.length + JSON.stringify(answer).length,
  })
  const get = (key: string): Kept | undefined => {
    const hit = cache.get(key)
    const leftMs = hit === undefined ? 0 : hit.until - clock.monotonic()
    return hit === undefined || leftMs <= 0 ? undefined : { ...hit.answer, ttlSeconds: Math.ceil(leftMs / 1000) }
  }
  const set = (key: string, answer: Kept): void => {
    cache.set(key, { answer, until: clock.monotonic() + answer.ttlSeconds * 1000 })
  }
  return {
    find(name, type) {
      const exact = get(`${type} ${name}`)
      if (exact !== undefined) return exact
      for (let rest = name; ; ) {
        const denied = get(`! ${rest}`)
        if (denied !== undefined) return denied
        const dot = rest.indexOf('.')
        if (dot === -1) return undefined
        rest = rest.slice(dot + 1)
      }
    },
    keep: (name, type, answer) => set(`${type} ${name}`, answer),
    keepDenied: (name, ttlSeconds) => set(`! ${name}`, { kind: 'absent', why: 'nxdomain', ttlSeconds }),
  }
}
