// SPDX-License-Identifier: Apache-2.0
/** Proves: everything appended is in the files, in order; days and sizes part them; what is old goes; drops are counted. */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import { silentLog } from '../monitor/log.ts'
import type { TraceRecord } from '../policy/trace.ts'
import { linesOf, MAX_LINE_BYTES, parseRecord } from './lines.ts'
import { START, trace } from './records.fixture.ts'
import { traceFiles } from './trace-files.ts'
import { createHistoryWriter } from './writer.ts'

const DAY = 86_400_000

function site(options: { keepMs?: number; sizeBytes?: number } = {}) {
  const directory = join(mkdtempSync(join(tmpdir(), 'postern-history-')), 'history')
  const clock = new ManualClock(START)
  const { keepMs = 30 * DAY, sizeBytes = 1e9 } = options
  const writer = createHistoryWriter({ directory, clock, log: silentLog, keepMs, sizeBytes })
  return {
    directory,
    clock,
    writer,
    names: () => traceFiles(readdirSync(directory)).map(({ name }) => name),
    records: () =>
      traceFiles(readdirSync(directory)).flatMap(({ name }) =>
        [...linesOf(join(directory, name), 0)].flatMap(({ bytes }) => parseRecord(bytes) ?? []),
      ),
    async [Symbol.asyncDispose]() {
      await writer[Symbol.asyncDispose]()
      rmSync(join(directory, '..'), { recursive: true })
    },
  }
}

test('records are in the file after a moment, or at once when asked for', async () => {
  await using s = site()
  const traces = [trace(), trace(), trace()]
  for (const one of traces) s.writer.append(one)
  await s.writer.flush()
  assert.deepEqual(s.records(), traces)
  assert.deepEqual(s.names(), ['traces-20261124-0000.jsonl'])
  assert.equal(statSync(join(s.directory, s.names()[0] ?? '')).mode & 0o777, 0o600)
})

test('followers see records at once, and one that fails harms nobody', async () => {
  await using s = site()
  const seen: TraceRecord[] = []
  s.writer.follow(() => {
    throw new Error('no')
  })
  const stop = s.writer.follow((record) => seen.push(record))
  const first = trace()
  s.writer.append(first)
  stop()
  s.writer.append(trace())
  assert.deepEqual(seen, [first])
})

test('a day ends a file, and so does its size', async () => {
  await using s = site({ sizeBytes: 64 * 1024 * 16 })
  s.writer.append(trace())
  await s.writer.flush()
  s.clock.advance(DAY)
  for (let i = 0; i < 3; i++) {
    s.writer.append(trace({ subject: 'x'.repeat(70_000) }))
    await s.writer.flush()
  }
  assert.deepEqual(s.names(), [
    'traces-20261124-0000.jsonl',
    'traces-20261125-0000.jsonl',
    'traces-20261125-0001.jsonl',
    'traces-20261125-0002.jsonl',
  ])
  // A clock set back must not begin files that sort before these.
  s.clock.jump(-2 * DAY)
  s.writer.append(trace())
  await s.writer.flush()
  assert.equal(s.names().length, 5)
  assert.equal(s.names().at(-1), 'traces-20261125-0003.jsonl')
})

test('old files go by age', async () => {
  await using s = site({ keepMs: 2 * DAY })
  for (let day = 0; day < 5; day++) {
    s.writer.append(trace())
    await s.writer.flush()
    s.clock.advance(DAY)
  }
  assert.deepEqual(s.names(), [
    'traces-20261126-0000.jsonl',
    'traces-20261127-0000.jsonl',
    'traces-20261128-0000.jsonl',
  ])
})

test('the oldest go when all take too much, never the newest', async () => {
  const sizeBytes = 64 * 1024 * 16
  await using s = site({ sizeBytes })
  for (let i = 0; i < 40; i++) {
    s.writer.append(trace({ subject: `${i} ${'x'.repeat(60_000)}` }))
    await s.writer.flush()
  }
  const total = s.names().reduce((sum, name) => sum + statSync(join(s.directory, name)).size, 0)
  assert.ok(total <= sizeBytes, `${total}`)
  assert.ok(total > sizeBytes / 2, `${total}`)
  const last = s.records().at(-1)
  assert.ok(last?.record === 'trace' && last.subject?.startsWith('39 ') === true)
})

test('a line that a crash cut is ended, and spoils no other', async () => {
  await using s = site()
  mkdirSync(s.directory, { recursive: true })
  writeFileSync(join(s.directory, 'traces-20261124-0000.jsonl'), '{"record":"tra')
  const one = trace()
  s.writer.append(one)
  await s.writer.flush()
  assert.deepEqual(s.records(), [one])
  assert.deepEqual(s.names().length, 1)
})

test('while the disk says no records wait up to a limit, then are dropped and counted', async () => {
  const s = site()
  // A file where the folder should be: nothing can be written.
  writeFileSync(s.directory, '')
  const big = trace({ subject: 'x'.repeat(1024 * 1024) })
  for (let i = 0; i < 20; i++) s.writer.append(big)
  await s.writer.flush()
  assert.equal(s.writer.dropped, 5)
  rmSync(s.directory)
  await s.writer.flush()
  const files = traceFiles(readdirSync(s.directory))
  const bytes = files.reduce((sum, { name }) => sum + statSync(join(s.directory, name)).size, 0)
  assert.equal(Math.floor(bytes / (1024 * 1024)), 15)
  await s[Symbol.asyncDispose]()
  assert.equal(s.writer.dropped, 5)
})

test('what still waits when the writer ends is counted as dropped', async () => {
  const s = site()
  writeFileSync(s.directory, '')
  s.writer.append(trace())
  await s[Symbol.asyncDispose]()
  assert.equal(s.writer.dropped, 1)
})

test('lines: too long ones and unfinished ones are passed over, places are right', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-lines-'))
  try {
    const path = join(folder, 'f')
    const long = 'y'.repeat(MAX_LINE_BYTES * 3)
    writeFileSync(path, `one\n${long}\ntwo\n\nhalf`)
    const got = (from: number) => [...linesOf(path, from)].map(({ offset, bytes }) => [offset, bytes.toString()])
    const two = 4 + long.length + 1
    assert.deepEqual(got(0), [
      [0, 'one'],
      [two, 'two'],
      [two + 4, ''],
    ])
    assert.deepEqual(got(two), [
      [two, 'two'],
      [two + 4, ''],
    ])
    appendFileSync(path, ' done\n')
    assert.deepEqual(got(two + 5), [[two + 5, 'half done']])
    chmodSync(path, 0o600)
    assert.deepEqual([...linesOf(join(folder, 'none'), 0)], [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('several writers share a folder: each has its own files, and what is old goes whoever wrote it', async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'postern-history-')), 'history')
  const clock = new ManualClock(START)
  const open = (writer: string) =>
    createHistoryWriter({ directory, writer, clock, log: silentLog, keepMs: 2 * DAY, sizeBytes: 1e9 })
  const names = () => traceFiles(readdirSync(directory)).map(({ name }) => name)
  {
    await using one = open('w1')
    await using two = open('w2')
    for (const writer of [one, two, one]) writer.append(trace())
    await Promise.all([one.flush(), two.flush()])
    assert.deepEqual(names(), ['traces-20261124-0000-w1.jsonl', 'traces-20261124-0000-w2.jsonl'])
    clock.advance(4 * DAY)
    one.append(trace())
    await one.flush()
    // The other one has written nothing since: it begins a file of its own when it does.
    assert.deepEqual(names(), ['traces-20261128-0000-w1.jsonl'])
    two.append(trace())
    await two.flush()
    assert.deepEqual(names(), ['traces-20261128-0000-w1.jsonl', 'traces-20261128-0000-w2.jsonl'])
  }
  rmSync(join(directory, '..'), { recursive: true })
})
