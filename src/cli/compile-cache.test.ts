// SPDX-License-Identifier: Apache-2.0
/** Proves: compiled code is kept only where nobody else can put any. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const script: unknown = await import(new URL('../../scripts/compile-cache.mjs', import.meta.url).href)
assert.ok(typeof script === 'object' && script !== null && 'isTrusted' in script)
const { isTrusted } = script
assert.ok(typeof isTrusted === 'function')

test('a folder is made and trusted until others may write to it or into it', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'postern-cache-'))
  t.after(() => rm(root, { recursive: true }))
  const folder = join(root, 'cache', 'compiled')
  assert.equal(isTrusted(folder), true)
  assert.ok((await stat(folder)).isDirectory())
  const inner = join(folder, 'v24')
  await mkdir(inner, { mode: 0o755 })
  for (const [path, mode, wanted] of [
    [folder, 0o777, false],
    [folder, 0o775, false],
    [folder, 0o755, true],
    [inner, 0o777, false],
    [inner, 0o700, true],
  ] as const) {
    await chmod(path, mode)
    assert.equal(isTrusted(folder), wanted, `${path} ${mode.toString(8)}`)
    await chmod(path, 0o755)
  }
})

test('a folder of another user is not trusted', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'postern-cache-'))
  t.after(() => rm(root, { recursive: true }))
  const { chown } = await import('node:fs/promises')
  await chown(root, 12_345, 12_345)
  assert.equal(isTrusted(root), false)
})

test('what cannot be made is not trusted', () => assert.equal(isTrusted('/dev/null/compiled'), false))
