// SPDX-License-Identifier: Apache-2.0
/** Proves: a file is not closed while something is written to it, for its number may be another file's then. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { diskFiles } from './file-layer.ts'

/** So many that to write them takes longer than to close the file. */
const OCTETS = 32 * 1024 * 1024

test('a file is closed after what is under way with it; after that it takes nothing more', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-files-'))
  try {
    const path = join(folder, 'file')
    const file = await diskFiles.open(path, 'create')
    const order: string[] = []
    const writing = file.write(Buffer.alloc(OCTETS), 0).then((written) => order.push(`written ${written}`))
    const syncing = file.datasync().then(() => order.push('synced'))
    const closing = file.close().then(() => order.push('closed'))
    await Promise.all([writing, syncing, closing])
    assert.equal(order.at(-1), 'closed')
    await assert.rejects(file.write(Buffer.from('x'), 0))
    await assert.rejects(file.datasync())
    assert.equal((await readFile(path)).length, OCTETS)
  } finally {
    await rm(folder, { recursive: true })
  }
})
