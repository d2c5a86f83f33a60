// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ShardTable } from './shards.ts'

test('a first start gives each worker one shard, of its own number', () => {
  const table = new ShardTable([])
  assert.deepEqual([table.assign(0, 2), table.assign(1, 2)], [[0], [1]])
})

test('fewer workers than shards share them all', () => {
  const table = new ShardTable([0, 1, 2, 3, 4])
  assert.deepEqual([table.assign(0, 2), table.assign(1, 2), table.orphans()], [[0, 2, 4], [1, 3], []])
})

test('more workers than shards make new ones', () => {
  const table = new ShardTable([0, 1])
  assert.deepEqual(
    [0, 1, 2].map((index) => table.assign(index, 3)),
    [[0], [1], [2]],
  )
})

test('a successor gets what its predecessor had, unless another has taken it up meanwhile', () => {
  const table = new ShardTable([])
  table.assign(0, 2)
  table.assign(1, 2)
  table.release(1)
  assert.deepEqual(table.orphans(), [1])
  assert.deepEqual(table.assign(1, 2), [1])
  table.release(1)
  table.adopt(1, 0)
  assert.throws(() => table.adopt(1, 1), /has an owner/)
  assert.deepEqual(table.assign(1, 2), [2])
  assert.deepEqual([table.of(0), table.of(1)], [[0, 1], [2]])
})

test('whatever happens, a shard has one owner and every started worker has a shard', () => {
  const step = fc.record({ do: fc.constantFrom('start', 'die', 'adopt'), index: fc.nat(3) })
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(9), { maxLength: 6 }), fc.array(step, { maxLength: 40 }), (existing, steps) => {
      const table = new ShardTable(existing)
      const live = new Set<number>()
      for (const { do: what, index } of steps) {
        if (what === 'start' && !live.has(index)) {
          live.add(index)
          assert.ok(table.assign(index, 4).length > 0)
        } else if (what === 'die') {
          live.delete(index)
          table.release(index)
        } else if (what === 'adopt' && live.has(index)) {
          const [orphan] = table.orphans()
          if (orphan !== undefined) table.adopt(orphan, index)
        }
        const owned = [...live].flatMap((each) => table.of(each))
        assert.equal(new Set(owned).size, owned.length)
        assert.ok([...live].every((each) => table.of(each).length > 0))
        for (const shard of existing) assert.ok(owned.includes(shard) || table.orphans().includes(shard))
      }
    }),
  )
})
