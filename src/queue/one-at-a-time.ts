// SPDX-License-Identifier: Apache-2.0
/** Work about one message happens one piece after the other; work about different messages side by side. */

/** Runs `work` when everything handed in before under the same key has ended, well or badly; at once where nothing was. */
export function oneAtATime<K>(): <T>(key: K, work: () => Promise<T>) => Promise<T> {
  /** Who waits, by key; a key stands here while something is under way. */
  const waiting = new Map<K, (() => void)[]>()

  const run = async <T>(key: K, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } finally {
      const next = waiting.get(key)?.shift()
      if (next === undefined) waiting.delete(key)
      else next()
    }
  }

  return (key, work) => {
    const before = waiting.get(key)
    if (before === undefined) {
      waiting.set(key, [])
      return run(key, work)
    }
    return new Promise((resolve) => before.push(() => resolve(run(key, work))))
  }
}
