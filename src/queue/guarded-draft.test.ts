// SPDX-License-Identifier: Apache-2.0
/** Proves: a draft counts what it writes, ends when the disk is nearly full, and a disk that fails is looked at. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuardedDraft } from './guarded-draft.ts'
import type { Draft } from './store.ts'

function guarded(own: Partial<Draft> = {}) {
  const seen: string[] = []
  const say = (what: string) => async () => void seen.push(what)
  const draft: Draft = {
    write: say('write'),
    beginning: async () => Buffer.alloc(0),
    commit: say('commit'),
    abort: say('abort'),
    [Symbol.asyncDispose]: say('dispose'),
    ...own,
  }
  const space = { low: false, wrote: (octets: number) => void seen.push(`wrote ${octets}`), look: say('look') }
  return { seen, space, draft: new GuardedDraft(draft, space) }
}

test('what is written is counted, with what a message takes besides', async () => {
  const { seen, draft } = guarded()
  await draft.write(Buffer.alloc(7))
  await draft.commit({} as never)
  await draft.abort()
  await draft[Symbol.asyncDispose]()
  assert.deepEqual(seen, ['write', 'wrote 7', 'commit', 'wrote 16384', 'abort', 'dispose'])
})

test('a message that was let in ends when the disk is nearly full', async () => {
  const { seen, space, draft } = guarded()
  await draft.write(Buffer.alloc(7))
  space.low = true
  await assert.rejects(async () => await draft.write(Buffer.alloc(7)), /limits\.freeSpace/)
  assert.deepEqual(seen, ['write', 'wrote 7'])
})

test('a write or a commit that fails is a reason to look', async () => {
  const fail = () => Promise.reject(new Error('ENOSPC'))
  const { seen, draft } = guarded({ write: fail, commit: fail })
  await assert.rejects(async () => await draft.write(Buffer.alloc(1)), /ENOSPC/)
  await assert.rejects(draft.commit({} as never), /ENOSPC/)
  assert.deepEqual(seen, ['look', 'look'])
})
