// SPDX-License-Identifier: Apache-2.0
/** Proves: what is counted here is told in the text that prom-client gives for the same counts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Histogram, Registry } from 'prom-client'
import { combined, createMetrics } from './prom-metrics.ts'

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100]
const SECONDS = [0, 0.0005, 0.001, 0.0011, 0.3, 99, 100, 101]

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.includes('test_'))

test('counters and histograms, with labels and without', async () => {
  const registers = [new Registry()]
  const theirs = {
    none: new Counter({ name: 'test_none_total', help: 'None', registers }),
    plain: new Counter({ name: 'test_plain_total', help: 'Plain', registers }),
    labelled: new Counter({ name: 'test_labelled_total', help: 'L\n\\', labelNames: ['type', 'result'], registers }),
    idle: new Histogram({ name: 'test_idle_seconds', help: 'Idle', buckets: BUCKETS, registers }),
    verbs: new Histogram({ name: 'test_verb_seconds', help: 'V', labelNames: ['verb'], buckets: BUCKETS, registers }),
  }
  const metrics = createMetrics()
  const ours = {
    none: metrics.counter('test_none_total', 'None'),
    plain: metrics.counter('test_plain_total', 'Plain'),
    labelled: metrics.counters('test_labelled_total', 'L\n\\', ['type', 'result']),
    idle: metrics.histogram('test_idle_seconds', 'Idle'),
    verbs: metrics.histograms('test_verb_seconds', 'V', ['verb']),
  }
  // Not counted yet, so not told.
  ours.labelled.with({ type: 'never', result: 'never' })
  ours.verbs.with({ verb: 'never' })
  for (const by of [1, 2.5]) {
    theirs.plain.inc(by)
    ours.plain.add(by)
  }
  for (const labels of [
    { type: 'MX', result: 'found' },
    { type: 'A', result: 'a "quote"' },
    { type: 'MX', result: 'found' },
  ]) {
    theirs.labelled.inc(labels)
    ours.labelled.with(labels).add()
  }
  for (const verb of ['MAIL', 'RCPT'])
    for (const seconds of SECONDS) {
      theirs.verbs.observe({ verb }, seconds)
      ours.verbs.with({ verb }).observe(seconds)
    }
  const [theirText] = await Promise.all(registers.map((registry) => registry.metrics()))
  assert.deepEqual(linesOf(await metrics.text()), linesOf(theirText ?? ''))
  const both = [await metrics.snapshot(), await metrics.snapshot()]
  const theirBoth = await Promise.all([1, 2].map(async () => await registers[0]?.getMetricsAsJSON()))
  assert.deepEqual(linesOf(await combined(structuredClone(both))), linesOf(await combined(structuredClone(theirBoth))))
})
