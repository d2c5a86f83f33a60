// SPDX-License-Identifier: Apache-2.0
/**
 * The memory that messages take while filters look at them: so many octets in the whole process (`filters.memory`). What
 * finds no room waits in line, and is put off when it has waited too long; nothing comes between.
 */
import type { Clock } from '../clock/clock.ts'

/** Clients wait ten minutes for the reply to their content (RFC 5321 §4.5.3.2.6), some of them less. */
export const PATIENCE_MS = 30_000

interface Waiting {
  readonly octets: number
  readonly most: number
  readonly go: () => void
}

export class ContentMemory {
  readonly #clock: Pick<Clock, 'after'>
  readonly #line: Waiting[] = []
  #taken = 0

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  /** In hand now. */
  get octets(): number {
    return this.#taken
  }

  /**
   * Room for so many octets, of `most` for all. One that is larger than all of it has it alone.
   * @returns gives it back, once however often it is called; `undefined` when there was no room in time
   */
  async claim(octets: number, most: number): Promise<(() => void) | undefined> {
    if (this.#line.length > 0 || !this.#fits(octets, most)) {
      if (!(await this.#turn(octets, most))) return undefined
    } else this.#taken += octets
    let given = true
    return () => {
      if (!given) return
      given = false
      this.#taken -= octets
      this.#next()
    }
  }

  #fits(octets: number, most: number): boolean {
    return this.#taken === 0 || this.#taken + octets <= most
  }

  async #turn(octets: number, most: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiting: Waiting = { octets, most, go: () => resolve(true) }
    this.#line.push(waiting)
    const cancel = this.#clock.after(PATIENCE_MS, () => {
      const at = this.#line.indexOf(waiting)
      if (at < 0) return
      this.#line.splice(at, 1)
      resolve(false)
      // It may have been what kept smaller ones waiting.
      this.#next()
    })
    const had = await promise
    cancel()
    return had
  }

  #next(): void {
    for (;;) {
      const [first] = this.#line
      if (first === undefined || !this.#fits(first.octets, first.most)) return
      this.#line.shift()
      this.#taken += first.octets
      first.go()
    }
  }
}
