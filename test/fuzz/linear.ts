// SPDX-License-Identifier: Apache-2.0
/** Fails where eight times the input costs far more than eight times the work. */
import assert from 'node:assert/strict'

/**
 * @param prepare makes input of a size, and hands back what is to be measured
 * @param count small size; the large one is eight times it
 */
export function assertLinear(prepare: (count: number) => () => void, count: number): void {
  // The least of a few runs: the collector and a busy machine only ever add.
  const cost = (size: number): number =>
    Math.min(
      ...Array.from({ length: 3 }, () => {
        const run = prepare(size)
        const start = process.cpuUsage()
        run()
        return process.cpuUsage(start).user
      }),
    )
  const small = Math.max(cost(count), 3000)
  const large = cost(8 * count)
  // Quadratic work would cost 64 times as much.
  assert.ok(large < 30 * small, `${count}: ${small} µs, eight times that: ${large} µs`)
}
