// SPDX-License-Identifier: Apache-2.0
/** Proves: numbers of a sequence file are taken once each, between processes too; what cannot be raised is no number. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../clock/clock.ts'
import { sequenceFiles } from './sequence-files.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postern-sequence-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

for (const { name, holds, gives, after } of [
  { name: 'a number', holds: '41\n', gives: 42, after: '42\n' },
  { name: 'one without a line end', holds: '41', gives: 42, after: '42\n' },
  { name: 'nothing', holds: '', gives: 1, after: '1\n' },
  { name: 'a digit more', holds: '99\n', gives: 100, after: '100\n' },
  { name: 'blanks around', holds: '  7  \n', gives: 8, after: '8\n\n\n\n\n' },
])
  test(`spec mapping-tables.md 4.7: a file that holds ${name}`, async (t) => {
    const file = join(await folder(t), 'seq')
    await writeFile(file, holds)
    assert.deepEqual(await sequenceFiles(systemClock)(file), { kind: 'found', value: gives })
    assert.equal(await readFile(file, 'utf8'), after)
  })

test('spec mapping-tables.md 4.7: a missing file fails, one that holds no number cannot be raised', async (t) => {
  const path = await folder(t)
  const take = sequenceFiles(systemClock)
  assert.deepEqual(await take(join(path, 'nobody')), { kind: 'absent' })
  assert.deepEqual(await take(path), { kind: 'absent' })
  for (const text of ['x', '-3', '1 2', '9'.repeat(100), '999999999999999999']) {
    await writeFile(join(path, 'seq'), text)
    assert.equal((await take(join(path, 'seq'))).kind, 'defer')
    assert.equal(await readFile(join(path, 'seq'), 'utf8'), text)
  }
})

test('two processes and two names of one file never take the same number', async (t) => {
  const path = await folder(t)
  const file = join(path, 'seq')
  await writeFile(file, '0\n')
  await symlink(file, join(path, 'other'))
  const program = `
    import { sequenceFiles } from ${JSON.stringify(join(import.meta.dirname, 'sequence-files.ts'))}
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '..', 'clock', 'clock.ts'))}
    const take = sequenceFiles(systemClock)
    const names = ${JSON.stringify([file, join(path, 'other')])}
    const all = await Promise.all(Array.from({ length: 40 }, (_, i) => take(names[i % 2])))
    console.log(JSON.stringify(all.map((one) => one.value ?? one)))`
  const run = async (): Promise<number[]> => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const text = (await Array.fromAsync(child.stdout)).join('')
    return JSON.parse(text)
  }
  const taken = (await Promise.all([run(), run()])).flat()
  assert.deepEqual(
    taken.toSorted((a, b) => a - b),
    Array.from({ length: 80 }, (_, i) => i + 1),
  )
})
