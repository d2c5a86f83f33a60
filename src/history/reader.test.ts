// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: with an index, without one, and with one that is behind, the same is found; the index can be deleted, damaged,
 * read twice and built by another process; files that go take their rows along.
 */
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { systemClock } from '../clock/clock.ts'
import type { MessageId } from '../envelope/message-id.ts'
import { silentLog } from '../monitor/log.ts'
import type { TraceRecord } from '../policy/trace.ts'
import { openHistory, type TrackQuery } from './history.ts'
import { candidates, positions } from './index-reader.ts'
import { indexPath, openForReading } from './index-schema.ts'
import { IndexWriter } from './index-writer.ts'
import { startIndexer } from './indexer.ts'
import { birth, delivery, flood, nextIds, START, trace } from './records.fixture.ts'

function site() {
  const spool = mkdtempSync(join(tmpdir(), 'postern-history-'))
  const directory = join(spool, 'history')
  mkdirSync(directory)
  return {
    spool,
    directory,
    add(records: readonly TraceRecord[], name = 'traces-20261124-0000.jsonl') {
      appendFileSync(join(directory, name), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
    },
    index() {
      using index = new IndexWriter(directory)
      while (index.step().more);
    },
    history: openHistory(spool),
    [Symbol.dispose]: () => rmSync(spool, { recursive: true }),
  }
}

const session = nextIds.session()
const queued = trace({ session })
const lost = trace({
  session,
  at: START + 5,
  from: '',
  client: { address: '2001:db8::7', port: 1 },
  subject: 'Other',
  recipients: [{ given: 'lee@example.net', result: 'accepted', reply: '250 OK' }],
})
const failed = delivery({
  id: lost.id as MessageId,
  recipients: [{ address: 'lee@example.net', result: 'failed', status: '5.1.1', detail: 'no such user' }],
})
const notice = birth({ about: lost.id as MessageId })
const refused = trace({ id: session, session, at: START + 50, outcome: 'refused', recipients: [], subject: 'No' })
const summed = flood()
const ALL: readonly TraceRecord[] = [
  queued,
  lost,
  delivery({ id: queued.id as MessageId }),
  failed,
  notice,
  refused,
  summed,
]

const QUERIES: readonly { readonly query: TrackQuery; readonly want: readonly string[] }[] = [
  { query: { text: 'grüsse' }, want: [] },
  { query: { text: 'GRÜßE AUS' }, want: [queued.id] },
  { query: { text: '<1@PARTNER.test>', from: 'pat' }, want: [queued.id, refused.id] },
  { query: { text: queued.id.toLowerCase() }, want: [queued.id] },
  { query: { from: '' }, want: [notice.id, lost.id] },
  { query: { from: '@partner.test' }, want: [refused.id, queued.id] },
  { query: { from: '@artner.test' }, want: [] },
  { query: { to: 'lee@' }, want: [lost.id] },
  { query: { to: '@EXAMPLE.org' }, want: [queued.id] },
  { query: { to: '@example' }, want: [] },
  { query: { client: '2001:DB8::7' }, want: [lost.id] },
  { query: { text: '192.0.2.66' }, want: [`flood-${summed.at}-192.0.2.66`] },
  { query: { outcome: 'failed' }, want: [lost.id] },
  { query: { outcome: 'delivered' }, want: [queued.id] },
  { query: { outcome: 'refused', until: START + 100 }, want: [refused.id] },
  { query: { since: START + 1000 }, want: [`flood-${summed.at}-192.0.2.66`, notice.id] },
  { query: { text: `%'"; DROP TABLE messages` }, want: [] },
]

const ARRANGEMENTS = {
  'without index': (s: ReturnType<typeof site>) => s.add(ALL),
  'all indexed': (s: ReturnType<typeof site>) => {
    s.add(ALL)
    s.index()
  },
  'index behind': (s: ReturnType<typeof site>) => {
    s.add(ALL.slice(0, 2))
    s.index()
    s.add(ALL.slice(2, 4))
    s.add(ALL.slice(4), 'traces-20261124-0001.jsonl')
  },
  'indexed twice': (s: ReturnType<typeof site>) => {
    s.add(ALL)
    s.index()
    const db = new IndexWriter(s.directory)
    while (db.step().more);
    db[Symbol.dispose]()
  },
  'damaged index': (s: ReturnType<typeof site>) => {
    s.add(ALL)
    writeFileSync(indexPath(s.directory), 'this is no database, and never was one'.repeat(100))
  },
  'index damaged, then built anew': (s: ReturnType<typeof site>) => {
    s.add(ALL)
    writeFileSync(indexPath(s.directory), 'this is no database, and never was one'.repeat(100))
    s.index()
  },
} as const

for (const [name, arrange] of Object.entries(ARRANGEMENTS))
  test(`the same is found: ${name}`, async () => {
    using s = site()
    arrange(s)
    assert.deepEqual(await s.history.get(lost.id), [lost, failed, notice])
    assert.deepEqual(await s.history.get(session), [queued, lost, refused])
    assert.deepEqual(await s.history.get(nextIds.message()), [])
    for (const { query, want } of QUERIES) {
      const found = await s.history.find(query)
      assert.deepEqual(found.map(({ id }) => id).sort(), [...want].sort(), JSON.stringify(query))
      assert.deepEqual(
        found.map(({ at }) => at),
        found.map(({ at }) => at).sort((a, b) => b - a),
      )
    }
    assert.deepEqual(await s.history.track('lee@example.net'), [lost, failed])
    const [row] = await s.history.find({ to: 'lee@example.net' })
    assert.deepEqual(row?.recipients, [{ address: 'lee@example.net', result: 'failed' }])
  })

test('a query of words that only the index answers finds ids without reading files', () => {
  using s = site()
  s.add(ALL)
  s.index()
  const db = openForReading(s.directory)
  assert.ok(db !== undefined)
  assert.deepEqual(candidates(db, { text: 'partner', from: 'pat@' }), [refused.id, queued.id])
  assert.deepEqual([...positions(db).keys()], ['traces-20261124-0000.jsonl'])
  db.close()
})

test('files that go take along what only they knew', async () => {
  using s = site()
  s.add([queued], 'traces-20261123-0000.jsonl')
  s.add([lost], 'traces-20261123-0000.jsonl')
  s.add([failed])
  s.index()
  rmSync(join(s.directory, 'traces-20261123-0000.jsonl'))
  s.index()
  assert.deepEqual(await s.history.get(queued.id), [])
  assert.deepEqual(await s.history.find({ text: 'köln' }), [])
  assert.deepEqual(await s.history.track(lost.id), [failed])
})

test('a file that became shorter is read anew', async () => {
  using s = site()
  s.add([queued, lost])
  s.index()
  writeFileSync(join(s.directory, 'traces-20261124-0000.jsonl'), `${JSON.stringify(lost)}\n`)
  s.index()
  assert.deepEqual(await s.history.get(queued.id), [])
  assert.deepEqual(await s.history.get(lost.id), [lost])
})

test('the newest come first and the limit holds, also over several files', async () => {
  using s = site()
  const many = Array.from({ length: 300 }, (_, i) => trace({ at: START + i }))
  s.add(many.slice(0, 100), 'traces-20261123-0000.jsonl')
  s.add(many.slice(100, 200))
  s.index()
  s.add(many.slice(200))
  const found = await s.history.find({ text: 'pat@', limit: 150 })
  assert.deepEqual(
    found.map(({ at }) => at - START),
    Array.from({ length: 150 }, (_, i) => 299 - i),
  )
})

test('no history is no error', async () => {
  const nowhere = openHistory(join(tmpdir(), 'postern-nowhere'))
  assert.deepEqual(await nowhere.get(queued.id), [])
  assert.deepEqual(await nowhere.track('x'), [])
})

test('the process indexes what comes, and stops when told to', async () => {
  using s = site()
  s.add(ALL.slice(0, 1))
  const indexer = startIndexer({ directory: s.directory, clock: systemClock, log: silentLog })
  await using _stop = indexer
  const indexed = async (bytes: number): Promise<void> => {
    const deadline = performance.now() + 30_000
    for (;;) {
      const db = openForReading(s.directory)
      const position = db === undefined ? undefined : positions(db).get('traces-20261124-0000.jsonl')
      db?.close()
      if (position === bytes) return
      assert.ok(performance.now() < deadline, `position ${position}`)
      await wait(20)
    }
  }
  const size = (records: readonly TraceRecord[]): number =>
    Buffer.byteLength(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  await indexed(size(ALL.slice(0, 1)))
  s.add(ALL.slice(1))
  await indexed(size(ALL))
})

test('whatever stands in the files, the rest is found', async () => {
  const seed = announceSeed('trace files')
  const junk = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constant(JSON.stringify(queued).slice(0, 300)),
    fc.constant('{"record":"trace","version":1,"at":1}'),
    fc.constant('{"record":"delivery","version":1,"id":7,"at":1,"recipients":[{}]}'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(junk, { maxLength: 5 }), fc.boolean(), async (lines, index) => {
      using s = site()
      const file = join(s.directory, 'traces-20261124-0000.jsonl')
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
      s.add([queued])
      if (index) s.index()
      assert.deepEqual(await s.history.get(queued.id), [queued])
      assert.equal((await s.history.track('köln')).length, 1)
    }),
    { seed, numRuns: 60 },
  )
})
