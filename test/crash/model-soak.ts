// SPDX-License-Identifier: Apache-2.0
/** The store against its model for long: `node test/crash/model-soak.ts [STEPS] [SEED] [DIRECTORY]`; a million steps unless told. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from './model.ts'

const [steps = '1000000', seed = String(Date.now() % 1e6), root = tmpdir()] = process.argv.slice(2)
console.log(`${steps} steps, seed ${seed}`)
const ROUND = 20_000
for (let done = 0; done < Number(steps); done += ROUND) {
  const directory = mkdtempSync(join(root, 'queue-soak-'))
  await compare(directory, Math.min(ROUND, Number(steps) - done), Number(seed) + done)
  rmSync(directory, { recursive: true })
  console.log(`${Math.min(done + ROUND, Number(steps))} steps`)
}
