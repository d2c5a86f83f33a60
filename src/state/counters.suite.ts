// SPDX-License-Identifier: Apache-2.0
/**
 * The contract of counters (counters.ts), for every keeper of them. Proves: quotas within windows, with and without
 * penalty; values and sums; greylists; memories with claims; the bound on entries; and for random requests the very answers of the rules.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyRequest, type Entry } from './counter-rules.ts'
import type { CounterAnswer, CounterRequest, Counters, CounterTable, GreylistTable, MemoryTable } from './counters.ts'

export interface Keeper {
  readonly counters: Counters
  /** Lets time pass for the counts. */
  advance(ms: number): void
}

const MINUTE = 60_000
export const tableOf = (name: string, changes: Partial<CounterTable> = {}): CounterTable => ({
  name,
  quota: 3,
  windowMs: MINUTE,
  penalize: false,
  maxEntries: 100,
  ...changes,
})
const grey: GreylistTable = { name: 'grey', blockMs: 300, resubmitMs: 4000, inactivityMs: 70_000, maxEntries: 100 }

const said = (answer: CounterAnswer): string => (answer.kind === 'found' ? answer.value : answer.kind)

/** @param name of this run's tables: keepers that are shared must not see older ones. */
export function countersSuite(what: string, open: () => Keeper, skip: string | false, name = ''): void {
  const over = async ({ counters }: Keeper, table: CounterTable, key: string, times: number): Promise<string> => {
    const answers: string[] = []
    for (let i = 0; i < times; i++)
      answers.push(said(await counters.count({ do: 'throttle', table, key })) === 'over' ? 'O' : '-')
    return answers.join('')
  }

  test(`${what}: the first calls of a window pass; it begins with the key's first call`, { skip }, async () => {
    const keeper = open()
    const table = tableOf(`${name}throttle`)
    assert.equal(await over(keeper, table, 'a', 5), '---OO')
    keeper.advance(30_000)
    assert.equal(await over(keeper, table, 'b', 4), '---O')
    keeper.advance(30_000)
    assert.equal(await over(keeper, table, 'a', 4), '---O')
    assert.equal(await over(keeper, table, 'b', 1), 'O')
  })

  test(`${what}: with a penalty, 250 of 100 block this minute and the next`, { skip }, async () => {
    const keeper = open()
    const table = tableOf(`${name}penalty`, { quota: 100, penalize: true })
    assert.equal(await over(keeper, table, 'a', 250), `${'-'.repeat(100)}${'O'.repeat(150)}`)
    keeper.advance(MINUTE)
    assert.equal(await over(keeper, table, 'a', 1), 'O')
    // 151 are left over; the minute takes 100 of them.
    keeper.advance(MINUTE)
    assert.equal(await over(keeper, table, 'a', 50), `${'-'.repeat(49)}O`)
    keeper.advance(10 * MINUTE)
    assert.equal(await over(keeper, table, 'a', 1), '-')
  })

  test(`${what}: query counts nothing`, { skip }, async () => {
    const keeper = open()
    const table = tableOf(`${name}query`, { quota: 1 })
    const query = async () => said(await keeper.counters.count({ do: 'query', table, key: 'a' }))
    assert.equal(await query(), 'under')
    assert.equal(await query(), 'under')
    await over(keeper, table, 'a', 1)
    assert.equal(await query(), 'over')
    keeper.advance(MINUTE)
    assert.equal(await query(), 'under')
  })

  test(`${what}: values are stored, added to, fetched and removed`, { skip }, async () => {
    const { counters, advance } = open()
    const table = tableOf(`${name}values`)
    const ask = async (request: Omit<CounterRequest & { do: 'adjust' }, 'table' | 'do'> & { do: 'adjust' }) =>
      said(await counters.count({ ...request, table }))
    assert.equal(said(await counters.count({ do: 'fetch', table, key: 'a' })), 'absent')
    assert.equal(await ask({ do: 'adjust', key: 'a', by: 5 }), '5')
    assert.equal(await ask({ do: 'adjust', key: 'a', by: -7 }), '-2')
    assert.equal(said(await counters.count({ do: 'fetch', table, key: 'a' })), '-2')
    assert.equal(said(await counters.count({ do: 'store', table, key: 'a', value: 'a:b é' })), '')
    assert.equal(said(await counters.count({ do: 'fetch', table, key: 'a' })), 'a:b é')
    assert.equal(await ask({ do: 'adjust', key: 'a', by: 1 }), 'absent')
    assert.equal(said(await counters.count({ do: 'throttle', table, key: 'a' })), 'absent')
    assert.equal(said(await counters.count({ do: 'store', table, key: 'a', value: 'x'.repeat(5000) })), 'absent')
    assert.equal(said(await counters.count({ do: 'remove', table, key: 'a' })), '')
    assert.equal(said(await counters.count({ do: 'fetch', table, key: 'a' })), 'absent')
    await ask({ do: 'adjust', key: 'a', by: 5 })
    advance(MINUTE)
    assert.equal(said(await counters.count({ do: 'fetch', table, key: 'a' })), 'absent')
  })

  test(`${what}: a greylist refuses, lets pass what comes again, remembers it, and forgets`, { skip }, async () => {
    const { counters, advance } = open()
    const table = { ...grey, name: `${name}grey` }
    const ask = async (key: string) => said(await counters.count({ do: 'greylist', table, key }))
    assert.equal(await ask('a'), 'refuse')
    advance(299)
    assert.equal(await ask('a'), 'refuse')
    advance(1)
    assert.equal(await ask('a'), 'pass')
    advance(69_000)
    assert.equal(await ask('a'), 'pass')
    advance(70_001)
    assert.equal(await ask('a'), 'refuse')
    advance(4001)
    assert.equal(await ask('a'), 'refuse')
    assert.equal(await ask('b'), 'refuse')
  })

  test(`${what}: one claim counts at a time, until it is known, given up or over`, { skip }, async () => {
    const { counters, advance } = open()
    const table = { name: `${name}memory`, maxEntries: 100 }
    const claim = async (by: string, forMs = 1000) =>
      said(await counters.count({ do: 'claim', table, key: 'a', by, forMs }))
    const unclaim = async (by: string) => said(await counters.count({ do: 'unclaim', table, key: 'a', by }))
    assert.deepEqual([await claim('one'), await claim('two'), await claim('one')], ['free', 'busy', 'free'])
    await unclaim('two')
    assert.equal(await claim('two'), 'busy')
    await unclaim('one')
    assert.equal(await claim('two'), 'free')
    advance(999)
    assert.equal(await claim('one'), 'busy')
    advance(1)
    assert.equal(await claim('one'), 'free')
    assert.equal(said(await counters.count({ do: 'know', table, key: 'a', forMs: 5000 })), '')
    assert.deepEqual([await claim('one'), await claim('two')], ['known', 'known'])
    await unclaim('one')
    advance(4999)
    assert.equal(await claim('one'), 'known')
    advance(1)
    assert.equal(await claim('one'), 'free')
  })

  test(`${what}: of many claims at once, one is heard`, { skip }, async () => {
    const { counters } = open()
    const table = { name: `${name}many`, maxEntries: 100 }
    const claims = Array.from({ length: 50 }, (_, i) =>
      counters.count({ do: 'claim', table, key: 'a', by: `${i}`, forMs: 1000 }),
    )
    const answers = (await Promise.all(claims)).map(said)
    assert.equal(answers.filter((answer) => answer === 'free').length, 1)
    assert.equal(answers.filter((answer) => answer === 'busy').length, 49)
  })

  test(`${what}: the key not used for longest makes room`, { skip }, async () => {
    const keeper = open()
    const table = tableOf(`${name}room`, { quota: 1, maxEntries: 2 })
    for (const key of ['a', 'b', 'a', 'c']) {
      await over(keeper, table, key, 1)
      keeper.advance(1)
    }
    const known = async (key: string) => said(await keeper.counters.count({ do: 'query', table, key }))
    assert.equal(await known('a'), 'over')
    assert.equal(await known('c'), 'over')
    assert.equal(await known('b'), 'under')
  })

  test(`${what}: keys of strangers, long ones too, are told apart`, { skip }, async () => {
    const keeper = open()
    const table = tableOf(`${name}keys`, { quota: 1 })
    for (const key of ['', '{a}', 'a\0b', 'a\nb', 'ä', 'x'.repeat(100_000), `${'x'.repeat(99_999)}y`])
      assert.equal(await over(keeper, table, key, 2), '-O', JSON.stringify(key.slice(0, 10)))
  })

  test(`${what}: random requests are answered as the rules say`, { skip }, async () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
    console.log(`seed ${seed} (${what})`)
    const key = fc.constantFrom('a', 'b')
    const request = (table: CounterTable, greylist: GreylistTable, memory: MemoryTable): fc.Arbitrary<CounterRequest> =>
      fc.oneof(
        { weight: 4, arbitrary: fc.record({ do: fc.constant('throttle' as const), table: fc.constant(table), key }) },
        fc.record({ do: fc.constantFrom('fetch', 'remove', 'query'), table: fc.constant(table), key }),
        fc.record({
          do: fc.constant('adjust' as const),
          table: fc.constant(table),
          key,
          by: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(1e15, -1e15, 2e15)),
        }),
        fc.record({
          do: fc.constant('store' as const),
          table: fc.constant(table),
          key,
          value: fc.constantFrom('7', '-7', '+3', 'text', '', '1:2', '9999999999999999', '00000000000000007', '1.5'),
        }),
        fc.record({ do: fc.constant('greylist' as const), table: fc.constant(greylist), key }),
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constant('claim' as const),
            table: fc.constant(memory),
            key,
            by: fc.constantFrom('x', 'y'),
            forMs: fc.constantFrom(0, 1, 1000, 6000),
          }),
        },
        fc.record({
          do: fc.constant('know' as const),
          table: fc.constant(memory),
          key,
          forMs: fc.constantFrom(0, 1000, 6000),
        }),
        fc.record({
          do: fc.constant('unclaim' as const),
          table: fc.constant(memory),
          key,
          by: fc.constantFrom('x', 'y'),
        }),
      )
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          quota: fc.integer({ min: 0, max: 3 }),
          windowMs: fc.constantFrom(0, 1000, MINUTE),
          penalize: fc.boolean(),
        }),
        fc.infiniteStream(fc.nat(1000)),
        async (shape, random) => {
          const keeper = open()
          run += 1
          const table = tableOf(`${name}random-${seed}-${run}`, shape)
          const greylist = { ...grey, name: `${name}random-grey-${seed}-${run}` }
          const memory = { name: `${name}random-memory-${seed}-${run}`, maxEntries: 100 }
          const model = new Map<string, Entry>()
          let now = 1_000_000
          const steps = fc.sample(
            fc.tuple(request(table, greylist, memory), fc.constantFrom(0, 1, 500, 5000, MINUTE)),
            {
              seed: random.next().value ?? 0,
              numRuns: 25,
            },
          )
          for (const [asked, ms] of steps) {
            const id = `${asked.table.name} ${asked.key}`
            const want = applyRequest(model.get(id), asked, now)
            if (want.entry === undefined) model.delete(id)
            else model.set(id, want.entry)
            assert.deepEqual(await keeper.counters.count(asked), want.answer)
            keeper.advance(ms)
            now += ms
          }
        },
      ),
      { seed, numRuns: 60 },
    )
  })
}
