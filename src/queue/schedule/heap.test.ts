// SPDX-License-Identifier: Apache-2.0
/** The heap and the ring against sorted and plain arrays. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Heap } from './heap.ts'
import { Ring } from './ring.ts'

interface Item {
  rank: number
  position: number
}

test('a heap gives back in order, and every item knows where it stands', () => {
  const act = fc.record({
    what: fc.constantFrom('push', 'pop', 'remove', 'change'),
    rank: fc.nat(50),
    which: fc.nat(1000),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const heap = new Heap<Item>({
        before: (a, b) => a.rank < b.rank,
        moved: (item, position) => {
          item.position = position
        },
      })
      const items: Item[] = []
      const leave = (item: Item | undefined): void => {
        if (item !== undefined) items.splice(items.indexOf(item), 1)
      }
      for (const { what, rank, which } of acts) {
        const item = items[which % Math.max(1, items.length)]
        if (what === 'push') {
          const made = { rank, position: -1 }
          items.push(made)
          heap.push(made)
        } else if (what === 'pop') {
          const least = items.length === 0 ? undefined : Math.min(...items.map((one) => one.rank))
          const popped = heap.pop()
          assert.equal(popped?.rank, least)
          leave(popped)
        } else if (item !== undefined && what === 'remove') {
          heap.remove(item.position)
          assert.equal(item.position, -1)
          leave(item)
        } else if (item !== undefined) {
          item.rank = rank
          heap.changed(item.position)
        }
        assert.equal(heap.size, items.length)
        assert.equal(new Set(items.map(({ position }) => position)).size, items.length)
      }
      heap.remove(-1)
      heap.remove(heap.size)
      const rest = Array.from({ length: heap.size }, () => heap.pop()?.rank)
      assert.deepEqual(
        rest,
        items.map((one) => one.rank).sort((a, b) => a - b),
      )
    }),
  )
})

test('a ring is an array that is entered at the end and left at both', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('push', 'push', 'shift', 'pop'), { maxLength: 200 }), (acts) => {
      const ring = new Ring<number>()
      const array: number[] = []
      for (const [i, act] of acts.entries()) {
        if (act === 'push') {
          ring.push(i)
          array.push(i)
        } else if (act === 'shift') assert.equal(ring.shift(), array.shift())
        else assert.equal(ring.pop(), array.pop())
        assert.equal(ring.size, array.length)
      }
    }),
  )
})
