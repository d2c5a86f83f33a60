// SPDX-License-Identifier: Apache-2.0
/** Proves: one alarm when all clients suddenly come from one private address, and none for what only looks like it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CollapsedClients } from './collapsed-clients.ts'
import { silentLog } from './log.ts'
import { noMetrics } from './metrics.ts'

const WINDOW_MS = 5 * 60_000

function watching() {
  let now = 0
  let gauge = (): number => Number.NaN
  const events: string[] = []
  const clients = new CollapsedClients({
    monotonic: () => now,
    log: {
      ...silentLog,
      error: (event, fields) => events.push(`${event} ${fields?.['address']}`),
      warn: (event, fields) => events.push(`${event} ${fields?.['address']}`),
    },
    metrics: {
      ...noMetrics,
      gauge: (_name, _help, read) => {
        gauge = read
      },
    },
  })
  return {
    events,
    alarm: () => [clients.health.ok, gauge()],
    /** A window in which these come, in turn. */
    window(count: number, ...from: readonly string[]) {
      for (let i = 0; i < count; i++) clients.came(from[i % from.length] ?? '')
      now += WINDOW_MS
    },
    /** As one word says it of clients that came to places kept for them. */
    windowAtOnce(address: string, times: number) {
      clients.came(address, times)
      now += WINDOW_MS
    },
    silence: () => {
      now += 3 * WINDOW_MS
    },
  }
}

const STRANGERS = ['198.51.100.1', '198.51.100.2', '203.0.113.3', '192.0.2.4', '2001:db8::5', '203.0.113.6']

test('a load balancer gets in between, and is taken out again', () => {
  const { window, events, alarm } = watching()
  window(60, ...STRANGERS)
  window(60, '10.0.0.1')
  assert.deepEqual(alarm(), [true, 0])
  window(60, '10.0.0.1')
  assert.deepEqual(events, ['alarm.collapsed-clients 10.0.0.1'])
  assert.deepEqual(alarm(), [false, 1])
  window(60, '10.0.0.1')
  window(1, '10.0.0.1')
  assert.equal(events.length, 1, 'one alarm')
  window(1, '198.51.100.1')
  assert.deepEqual(events.slice(1), ['alarm.collapsed-clients.over 10.0.0.1'])
  assert.deepEqual(alarm(), [true, 0])
})

test('many that are told of at once are as many', () => {
  const { window, windowAtOnce, events } = watching()
  window(60, ...STRANGERS)
  windowAtOnce('10.0.0.1', 60)
  window(1, '10.0.0.1')
  assert.deepEqual(events, ['alarm.collapsed-clients 10.0.0.1'])
})

test('behind a quiet beginning too', () => {
  const { window, events } = watching()
  window(60, ...STRANGERS)
  window(5, '192.168.7.1')
  window(60, '192.168.7.1')
  window(1, '192.168.7.1')
  assert.deepEqual(events, ['alarm.collapsed-clients 192.168.7.1'])
})

for (const { name, windows } of [
  {
    name: 'one public address',
    windows: [
      [60, ...STRANGERS],
      [60, '203.0.113.3'],
      [1, '203.0.113.3'],
    ],
  },
  {
    name: 'two private addresses',
    windows: [
      [60, ...STRANGERS],
      [60, '10.0.0.1', '10.0.0.2'],
      [1, '10.0.0.1'],
    ],
  },
  {
    name: 'a stranger among them',
    windows: [
      [60, ...STRANGERS],
      [60, ...Array(50).fill('10.0.0.1'), '192.0.2.4'],
      [1, '10.0.0.1'],
    ],
  },
  {
    name: 'a site that nobody else ever came to',
    windows: [
      [60, '10.0.0.1'],
      [60, '10.0.0.1'],
      [1, '10.0.0.1'],
    ],
  },
  {
    name: 'a site with few clients',
    windows: [
      [60, '192.0.2.4', '203.0.113.3'],
      [60, '10.0.0.1'],
      [1, '10.0.0.1'],
    ],
  },
  {
    name: 'few connections',
    windows: [
      [60, ...STRANGERS],
      [40, '10.0.0.1'],
      [1, '10.0.0.1'],
    ],
  },
  {
    name: 'this machine itself',
    windows: [
      [60, ...STRANGERS],
      [60, '127.0.0.1'],
      [1, '127.0.0.1'],
    ],
  },
] as const)
  test(`no alarm: ${name}`, () => {
    const { window, events } = watching()
    for (const [count, ...from] of windows) window(count, ...from)
    assert.deepEqual(events, [])
  })

test('no alarm: a night without anybody, then a newsletter', () => {
  const { window, silence, events } = watching()
  window(60, ...STRANGERS)
  silence()
  window(1, '10.0.0.1')
  window(60, '10.0.0.1')
  window(1, '10.0.0.1')
  assert.deepEqual(events, [])
})
