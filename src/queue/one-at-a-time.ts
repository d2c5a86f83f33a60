// SPDX-License-Identifier: Apache-2.0
/** Work about one message happens one piece after the other; work about different messages side by side. */

/** Runs `work` when everything handed in before under the same key has ended, well or badly. */
export function oneAtATime<K>(): <T>(key: K, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<K, Promise<unknown>>()
  return (key, work) => {
    const before = tails.get(key)
    const mine = before === undefined ? work() : before.then(work, work)
    const tail = mine.then(
      () => {},
      () => {},
    )
    tails.set(key, tail)
    void tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key)
    })
    return mine
  }
}
