// SPDX-License-Identifier: Apache-2.0
/**
 * The long form of the kill test: `node test/crash/main.ts [--rounds 100] [--seed N] [--workers 2] [--tmpfs | --filters]`. With
 * --filters messages have filters to be carried out (filtered-kill.ts); with --tmpfs the spool lies on a file system of
 * 64 MiB that fills up, which takes root.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killFiltered } from './filtered-kill.ts'
import { killServer } from './server-kill.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    workers: { type: 'string', default: '0' },
    tmpfs: { type: 'boolean', default: false },
    filters: { type: 'boolean', default: false },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'postern-crash-'))
const spool = join(folder, 'spool')
mkdirSync(spool)
console.log(`seed ${values.seed}`)
try {
  if (values.tmpfs) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', spool])
  const common = {
    folder,
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    workers: Number(values.workers),
    say: console.log,
  }
  if (values.filters) await killFiltered(common)
  else await killServer({ ...common, octets: values.tmpfs ? 3_000_000 : 100_000, fills: values.tmpfs })
} finally {
  if (values.tmpfs) execFileSync('umount', [spool])
  rmSync(folder, { recursive: true, force: true })
}
