// SPDX-License-Identifier: Apache-2.0
/** The short form of model-soak.ts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { compare } from './model.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1e6)

test(`the store does what a model of ten lines does (seed ${seed})`, { timeout: 120_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'queue-model-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  await compare(directory, 2000, seed)
})
