// SPDX-License-Identifier: Apache-2.0
/** Proves: logs are lines without secrets and of bounded size; metrics are Prometheus text; the port answers GET alone. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startMonitor } from './health.ts'
import { createLog } from './pino-log.ts'
import { createMetrics } from './prom-metrics.ts'

async function logged(write: (log: ReturnType<typeof createLog>) => void): Promise<readonly Record<string, unknown>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-log-'))
  try {
    const log = createLog({ level: 'info', destination: join(folder, 'log') })
    write(log)
    await log[Symbol.asyncDispose]()
    const lines = (await readFile(join(folder, 'log'), 'utf8')).trimEnd().split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a log line is an event and fields, cut and without secrets', async () => {
  const lines = await logged((log) => {
    log.debug('not.seen')
    log.info('a', { text: 'x'.repeat(1000), password: 'hunter2', nested: { storedKey: 'k', list: ['y'.repeat(1000)] } })
    log.warn('b\r\nc', {
      err: new Error('z'.repeat(1000), { cause: new Error('why') }),
      big: 1n,
      bytes: Buffer.from('q'),
    })
  })
  assert.equal(lines.length, 2)
  const [a, b] = lines
  assert.equal(a?.['event'], 'a')
  assert.equal(a?.['level'], 'info')
  assert.equal(String(a?.['text']).length, 501)
  assert.equal(a?.['password'], '[not logged]')
  assert.deepEqual(a?.['nested'], { storedKey: '[not logged]', list: [`${'y'.repeat(500)}…`] })
  assert.match(JSON.stringify(b?.['err']), /"type":"Error".*"cause":\{"type":"Error","message":"why"/)
  assert.deepEqual([b?.['event'], b?.['big'], b?.['bytes']], ['b\r\nc', '1', '[1 octets]'])
})

test('what goes round in circles is logged as far as it is worth', async () => {
  const circle: Record<string, unknown> = {}
  circle['itself'] = circle
  const [line] = await logged((log) => log.info('round', { circle, many: Array.from({ length: 99 }, () => 1) }))
  assert.match(JSON.stringify(line), /\[deeper\].*\[49 more\]/)
})

test('children carry fields and follow the level', async () => {
  const lines = await logged((log) => {
    const child = log.child({ session: 's1' })
    log.setLevel('error')
    child.warn('not.seen')
    child.error('seen', { id: 1 })
  })
  assert.deepEqual(
    lines.map(({ event, session, id }) => ({ event, session, id })),
    [{ event: 'seen', session: 's1', id: 1 }],
  )
})

test('metrics as text, twice the same name, a gauge that fails', async () => {
  const metrics = createMetrics()
  metrics.counters('postern_a_total', 'A', ['kind']).with({ kind: 'x' }).add()
  metrics.counters('postern_a_total', 'A', ['kind']).with({ kind: 'x' }).add(2)
  metrics.histogram('postern_b_seconds', 'B').observe(0.02)
  metrics.gauge('postern_c', 'C', () => 7)
  metrics.gauge('postern_d', 'D', () => {
    throw new Error('no')
  })
  const text = await metrics.text()
  assert.match(text, /^postern_a_total\{kind="x"\} 3$/m)
  assert.match(text, /^postern_b_seconds_bucket\{le="0.025"\} 1$/m)
  assert.match(text, /^postern_c 7$/m)
  assert.match(text, /^postern_d Nan$/im)
  assert.match(text, /^postern_nodejs_eventloop_lag_p99_seconds /m)
  assert.match(text, /^postern_process_resident_memory_bytes /m)
})

test('the port', async () => {
  let ok = true
  await using monitor = await startMonitor({
    address: '127.0.0.1',
    port: 0,
    metrics: () => (ok ? Promise.resolve('m 1\n') : Promise.reject(new Error('no'))),
    health: () => ({ ok, checks: [{ name: 'queue', ok, detail: 'writable' }] }),
  })
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${monitor.port}${path}`, init)
  assert.equal(await (await get('/live')).text(), 'ok\n')
  assert.equal(await (await get('/metrics?x=1')).text(), 'm 1\n')
  const healthy = await get('/health')
  assert.equal(healthy.status, 200)
  assert.deepEqual(await healthy.json(), { ok: true, checks: [{ name: 'queue', ok: true, detail: 'writable' }] })
  ok = false
  for (const [path, status, init] of [
    ['/health', 503],
    ['/metrics', 500],
    ['/other', 404],
    ['/live', 405, { method: 'POST', body: 'x' }],
  ] as const) {
    const answer = await get(path, init)
    assert.equal(answer.status, status, path)
    await answer.text()
  }
})

test('what is not HTTP gets 400 and the door', async () => {
  const ok = { ok: true, checks: [] }
  await using monitor = await startMonitor({
    address: '127.0.0.1',
    port: 0,
    metrics: () => Promise.resolve(''),
    health: () => ok,
  })
  const socket = net.connect(monitor.port, '127.0.0.1')
  socket.end('\u0000\u0001 nonsense\r\n\r\n')
  let got = ''
  for await (const chunk of socket) got += String(chunk)
  assert.match(got, /^HTTP\/1\.1 400/)
})
