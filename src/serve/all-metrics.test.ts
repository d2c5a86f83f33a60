// SPDX-License-Identifier: Apache-2.0
/** Proves: counters of all are summed and never fall when a worker goes; gauges are of those that are there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '../monitor/prom-metrics.ts'
import { AllMetrics } from './all-metrics.ts'

function worker(count: number, open: number) {
  const metrics = createMetrics()
  metrics.counters('mail_total', 'Mail', ['kind']).with({ kind: 'in' }).add(count)
  metrics.gauge('open', 'Open', () => open)
  metrics.histogram('took', 'Took').observe(0.2)
  return metrics
}

const numbersOf = (text: string): readonly string[] =>
  text.split('\n').filter((line) => /^(?:mail_total|open|took_count)/.test(line))

test('what a worker had counted when it was last asked stays', async () => {
  const all = new AllMetrics<object>()
  const own = await createMetrics().snapshot()
  const [a, b, c] = [{}, {}, {}]
  const text = await all.text(own, [
    [a, await worker(3, 1).snapshot()],
    [b, await worker(4, 2).snapshot()],
  ])
  assert.deepEqual(numbersOf(text), ['mail_total{kind="in"} 7', 'open 3', 'took_count 2'])
  all.gone(a)
  assert.deepEqual(numbersOf(await all.text(own, [[b, undefined]])), [
    'mail_total{kind="in"} 7',
    'open 2',
    'took_count 2',
  ])
  all.gone(b)
  // It had been asked before it was gone, and the answer came behind.
  all.gone(c)
  const late = await all.text(own, [[c, await worker(5, 9).snapshot()]])
  assert.deepEqual(numbersOf(late), ['mail_total{kind="in"} 12', 'took_count 3'])
  assert.deepEqual(numbersOf(await all.text(own, [])), ['mail_total{kind="in"} 12', 'took_count 3'])
})
