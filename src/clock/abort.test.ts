// SPDX-License-Identifier: Apache-2.0
/** Proves: an Abort is heeded as an AbortSignal is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Abort, type AbortWish } from './abort.ts'

function both(): readonly { readonly name: string; readonly wish: AbortWish; abort(reason: unknown): void }[] {
  const abort = new Abort()
  const controller = new AbortController()
  return [
    { name: 'Abort', wish: abort, abort: (reason) => abort.abort(reason) },
    { name: 'AbortSignal', wish: controller.signal, abort: (reason) => controller.abort(reason) },
  ]
}

for (const { name, wish, abort } of both())
  test(`${name}: said once, heard once by whoever still listens`, () => {
    const heard: string[] = []
    const leaves = (): unknown => heard.push('left')
    wish.addEventListener('abort', leaves)
    wish.addEventListener('abort', () => heard.push(`a ${wish.aborted}`), { once: true })
    wish.addEventListener('abort', () => heard.push('b'))
    wish.removeEventListener('abort', leaves)
    wish.throwIfAborted()
    assert.equal(wish.aborted, false)
    abort('why')
    abort('again')
    wish.addEventListener('abort', () => heard.push('late'))
    assert.deepEqual(heard, ['a true', 'b'])
    assert.equal(wish.reason, 'why')
    assert.throws(
      () => wish.throwIfAborted(),
      (error) => error === 'why',
    )
  })
