// SPDX-License-Identifier: Apache-2.0
/** Work about one message happens one piece after the other; work about different messages side by side. */

/** Runs `work` when everything handed in before under the same key has ended, well or badly; at once where nothing was. */
export function oneAtATime<K>(): <T>(key: K, work: () => Promise<T>) => Promise<T> {
  /** Who waits, by key; a key stands here while something is under way, mostly with nobody behind it. */
  const waiting = new Map<K, (() => void)[] | undefined>()

  const run = <T>(key: K, work: () => Promise<T>): Promise<T> => {
    const ended = begun(work)
    const goOn = (): void => {
      const next = waiting.get(key)?.shift()
      if (next === undefined) waiting.delete(key)
      else next()
    }
    ended.then(goOn, goOn)
    return ended
  }

  return (key, work) => {
    if (!waiting.has(key)) {
      waiting.set(key, undefined)
      return run(key, work)
    }
    return new Promise((resolve) => {
      const line = waiting.get(key) ?? []
      line.push(() => resolve(run(key, work)))
      waiting.set(key, line)
    })
  }
}

function begun<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work()
  } catch (error) {
    return Promise.reject(error)
  }
}
