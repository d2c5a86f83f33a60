// SPDX-License-Identifier: Apache-2.0
/**
 * Answers remembered for a stated time: what was found for one, that nothing was found for a shorter one. While the
 * directory is away, what was found goes on being used until it is too old ("stale"); that nothing was found does not,
 * lest mail for somebody new comes back to its sender. Equal questions at one time are asked once. Bounded in memory,
 * each kind by itself: strangers who guess names must not push out those that are known. What was found may stand on a
 * shelf too, where other processes find it (shelf.ts).
 */
import { LRUCache } from 'lru-cache'
import type { Lookup } from '../../ask/lookup.ts'
import type { Shelf } from './shelf.ts'

export interface Remembered {
  /** `size`: about how many octets a value takes. */
  get<T>(key: string, ask: () => Promise<Lookup<T>>, size: (value: T) => number): Promise<Lookup<T>>
  /** Those whose key begins so. */
  forget(prefix: string): void
  readonly entries: number
}

export interface RememberedOptions {
  readonly foundMs: number
  readonly absentMs: number
  readonly staleMs: number
  readonly maxBytes: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A stale answer was used. */
  readonly onStale?: () => void
  readonly shelf?: Shelf
}

interface Kept {
  readonly answer: Lookup<unknown>
  readonly at: number
}

/** What a kept answer takes beside its value. */
const OVERHEAD = 200

export function remembered({
  foundMs,
  absentMs,
  staleMs,
  maxBytes,
  now,
  onStale,
  shelf,
}: RememberedOptions): Remembered {
  const found = maxBytes > 0 ? new LRUCache<string, Kept>({ maxSize: maxBytes }) : undefined
  const absent = maxBytes > 0 ? new LRUCache<string, Kept>({ maxSize: Math.ceil(maxBytes / 8) }) : undefined
  const asking = new Map<string, Promise<Lookup<unknown>>>()
  /** Raised when something is forgotten: an answer asked for before then is not kept. */
  let forgotten = 0

  /** What another process found, from then on as if it had been found here, as old as it is. */
  const offShelf = async <T>(key: string, size: (value: T) => number): Promise<Kept | undefined> => {
    const other = await shelf?.get(key)
    if (other === undefined) return undefined
    const value = other.value as T
    const kept: Kept = { answer: { kind: 'found', value }, at: now() - other.ageMs }
    found?.set(key, kept, { size: OVERHEAD + 2 * key.length + size(value) })
    return kept
  }

  const fresh = async <T>(key: string, ask: () => Promise<Lookup<T>>, size: (value: T) => number) => {
    const generation = forgotten
    const answer = await ask()
    if (answer.kind === 'defer') {
      const old = found?.get(key) ?? (await offShelf(key, size))
      if (old === undefined || now() - old.at > Math.max(staleMs, foundMs)) return answer
      onStale?.()
      return old.answer as Lookup<T>
    }
    if (generation === forgotten) {
      const here = answer.kind === 'found'
      if (here) shelf?.put(key, answer.value)
      else shelf?.drop(key)
      const octets = OVERHEAD + 2 * key.length + (here ? size(answer.value) : 0)
      ;(here ? found : absent)?.set(key, { answer, at: now() }, { size: octets })
      ;(here ? absent : found)?.delete(key)
    }
    return answer
  }

  return {
    // The casts are the one place where a key's answer meets its type; a key is asked for in one place alone.
    get<T>(key: string, ask: () => Promise<Lookup<T>>, size: (value: T) => number) {
      const known = found?.get(key)
      if (known !== undefined && now() - known.at < foundMs) return Promise.resolve(known.answer as Lookup<T>)
      const nothing = absent?.get(key)
      if (nothing !== undefined && now() - nothing.at < absentMs) return Promise.resolve(nothing.answer as Lookup<T>)
      const running = asking.get(key)
      if (running !== undefined) return running as Promise<Lookup<T>>
      const asked = fresh(key, ask, size).finally(() => asking.delete(key))
      asking.set(key, asked)
      return asked
    },
    forget(prefix) {
      forgotten++
      for (const one of [found, absent])
        for (const key of [...(one?.keys() ?? [])])
          if (key.startsWith(prefix)) {
            one?.delete(key)
            shelf?.drop(key)
          }
      for (const key of [...asking.keys()]) if (key.startsWith(prefix)) asking.delete(key)
    },
    get entries() {
      return (found?.size ?? 0) + (absent?.size ?? 0)
    },
  }
}
