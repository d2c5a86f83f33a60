// SPDX-License-Identifier: Apache-2.0
/** `npm start -- --once`, as a user has it: every verdict as expected, and `explain` names what decided each message. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const postern = (...args: string[]) => run(process.execPath, [MAIN, ...args], { timeout: 100_000, maxBuffer: 1 << 24 })

interface Row {
  readonly what: string
  readonly id: string
  readonly stage: string
  readonly decided: string
  readonly asExpected: boolean
}

test('the demo comes out as expected, and every message can be explained', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-demo-test-'))
  try {
    const { stdout } = await postern('demo', '--once', '--json', '--directory', directory)
    const { results, asExpected } = JSON.parse(stdout) as { results: readonly Row[]; asExpected: boolean }
    assert.deepEqual(
      results.filter((row) => !row.asExpected),
      [],
    )
    assert.ok(asExpected)
    assert.ok(results.length >= 12)
    for (const { what, id, stage, decided } of results) {
      const explained = (await postern('--config', directory, 'explain', id)).stdout
      assert.ok(explained.includes(stage), `${what}: explain names the stage ${stage}`)
      assert.ok(explained.includes(decided), `${what}: explain names ${decided}`)
    }
    const found = (await postern('--config', directory, 'track', 'mallory@outside.test')).stdout
    assert.match(found, /mallory@outside\.test/)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
