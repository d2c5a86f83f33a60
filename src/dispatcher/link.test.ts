// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { createLink, LinkClosed } from './link.ts'

interface Calls {
  readonly double: { readonly params: number; readonly result: number }
  readonly fail: { readonly params: null; readonly result: never }
  readonly slow: { readonly params: null; readonly result: string }
  readonly seen: { readonly params: string; readonly result: undefined }
}

function pair() {
  const [left, right] = duplexPair()
  const seen: string[] = []
  const failures: unknown[] = []
  const slow = Promise.withResolvers<string>()
  const ours = createLink<Record<never, never>, Calls>(left, {}, (error) => failures.push(error))
  const theirs = createLink<Calls, Record<never, never>>(
    right,
    {
      double: (n) => 2 * n,
      fail: () => {
        throw new Error('no')
      },
      slow: () => slow.promise,
      seen: (text) => {
        seen.push(text)
        if (text === 'bad') throw new Error('cannot see')
      },
    },
    (error) => failures.push(error),
  )
  return { left, ours, theirs, seen, failures, slow }
}

test('calls are answered, in whatever order the answers come', async () => {
  const { ours, slow } = pair()
  const waiting = ours.call('slow', null)
  assert.deepEqual(await Promise.all([ours.call('double', 4), ours.call('double', 5)]), [8, 10])
  slow.resolve('late')
  assert.equal(await waiting, 'late')
})

test('a handler that fails is an error of the call; of a notice, of the one who is told', async () => {
  const { ours, seen, failures } = pair()
  await assert.rejects(ours.call('fail', null), { name: 'Error', message: 'no' })
  ours.notify('seen', 'one')
  ours.notify('seen', 'bad')
  await ours.call('double', 1)
  assert.deepEqual(seen, ['one', 'bad'])
  assert.match(String(failures), /cannot see/)
})

test('what is said in one turn is one write, in its order', async () => {
  const { left, ours, seen } = pair()
  let writes = 0
  const write = left.write.bind(left)
  left.write = ((chunk: string) => {
    writes++
    return write(chunk)
  }) as typeof left.write
  for (let i = 0; i < 100; i++) ours.notify('seen', String(i))
  await ours.call('double', 1)
  assert.equal(writes, 1)
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, i) => String(i)),
  )
})

test('a side that goes away rejects what waits for it, and what is asked later', async () => {
  const { ours, theirs } = pair()
  const waiting = ours.call('slow', null)
  theirs.close()
  await assert.rejects(waiting, LinkClosed)
  await ours.closed
  await assert.rejects(ours.call('double', 1), LinkClosed)
  ours.notify('seen', 'nobody')
})

test('a line that is no JSON ends the link', async () => {
  const { left, theirs, failures } = pair()
  left.write('nonsense\n')
  await theirs.closed
  assert.equal(failures.length, 1)
})
