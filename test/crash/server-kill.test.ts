// SPDX-License-Identifier: Apache-2.0
/** The short form of `node test/crash/main.ts`: a few kills, and a few more on a file system that fills up. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { killFiltered } from './filtered-kill.ts'
import { killServer } from './server-kill.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1e6)

test(`nothing that was accepted is lost when the server is killed (seed ${seed})`, { timeout: 200_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-kill-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  const say = (line: string): void => console.log(line)
  await killServer({ folder, rounds: 3, seed, workers: 0, octets: 100_000, fills: false, say })
})

test(`nor what filters made of it (seed ${seed})`, { timeout: 200_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-kill-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  await killFiltered({ folder, rounds: 3, seed, workers: 0, say: (line) => console.log(line) })
})

test(`the same on a full disk (seed ${seed})`, {
  timeout: 200_000,
  skip: process.getuid?.() === 0 ? false : 'mounting a tmpfs takes root',
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-kill-'))
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const spool = join(folder, 'spool')
  await mkdir(spool)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', spool], { stdio: 'pipe' })
  } catch {
    t.skip('no file system can be mounted here')
    return
  }
  cleanup.defer(() => void execFileSync('umount', ['-l', spool]))
  const say = (line: string): void => console.log(line)
  await killServer({ folder, rounds: 2, seed, workers: 0, octets: 400_000, fills: true, say })
})
