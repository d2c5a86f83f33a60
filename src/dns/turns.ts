// SPDX-License-Identifier: Apache-2.0
/** At most so many at once; the others wait in line until their signal ends the wait. */
export interface Turns {
  /** `false`: the signal came first, and there is nothing to give back. */
  take(signal: AbortSignal): Promise<boolean>
  giveBack(): void
}

export function createTurns(most: number): Turns {
  let free = most
  const line = new Set<() => void>()
  return {
    async take(signal) {
      if (signal.aborted) return false
      if (free > 0) {
        free--
        return true
      }
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const mine = (): void => resolve(true)
      const abort = (): void => {
        // Whoever was called already has the turn.
        if (line.delete(mine)) resolve(false)
      }
      line.add(mine)
      signal.addEventListener('abort', abort, { once: true })
      try {
        return await promise
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
    giveBack() {
      const [next] = line
      if (next === undefined) free++
      else {
        line.delete(next)
        next()
      }
    },
  }
}
