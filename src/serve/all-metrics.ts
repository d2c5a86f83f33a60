// SPDX-License-Identifier: Apache-2.0
/**
 * The metrics of all workers as one. A worker that dies takes its counts with it, and a sum that falls looks to
 * Prometheus like a restart of everything; so what it had counted when it was last asked stays in the sum.
 */
import { combined, countsOf } from '../monitor/prom-metrics.ts'

export class AllMetrics<W extends object> {
  readonly #last = new Map<W, unknown>()
  readonly #over = new WeakSet<W>()
  #departed: readonly unknown[] = []

  /** @param told each worker with its snapshot; without one when it did not answer, and the last one counts */
  async text(own: unknown, told: readonly (readonly [W, unknown])[]): Promise<string> {
    for (const [worker, snapshot] of told) {
      if (snapshot === undefined) continue
      this.#last.set(worker, snapshot)
      if (this.#over.has(worker)) this.gone(worker)
    }
    if (this.#departed.length > 1) {
      const folded = this.#departed
      const one = await countsOf(folded)
      this.#departed = [one, ...this.#departed.slice(folded.length)]
    }
    const departed = this.#departed.length === 0 ? [] : [await countsOf(this.#departed)]
    return await combined([own, ...this.#last.values(), ...departed])
  }

  gone(worker: W): void {
    this.#over.add(worker)
    const last = this.#last.get(worker)
    this.#last.delete(worker)
    if (last !== undefined) this.#departed = [...this.#departed, last]
  }
}
