// SPDX-License-Identifier: Apache-2.0
/**
 * Compares the queue's log with LMDB on safety first, then on cost, in one run: `node bench/store/main.ts`. LMDB is
 * fetched into a temporary folder. The full disk is a tmpfs of 16 MiB and takes root. Faults of the disk cannot be
 * injected under LMDB, which writes by itself; under the log test/crash/torn-disk.test.ts tries all of them.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Kind } from './candidates.ts'

const LMDB = 'lmdb@3.5.6'
const KINDS: readonly Kind[] = ['log', 'lmdb']
const WORKER = join(import.meta.dirname, 'worker.ts')
const root = mkdtempSync(join(tmpdir(), 'postern-bench-'))
const modules = join(root, 'modules')
const say = (line: string): void => console.log(line)

function worker(kind: Kind, directory: string, work: string, ...more: readonly string[]): readonly string[] {
  const { stdout, signal, status } = spawnSync(process.execPath, [WORKER, kind, directory, modules, work, ...more], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120_000,
  })
  const lines = stdout.split('\n').filter((line) => line !== '')
  return signal === null && status === 0 ? lines : [...lines, `error ended by ${signal ?? `code ${status}`}`]
}

async function killed(kind: Kind, directory: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WORKER, kind, directory, modules, 'accept'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  const closed = new Promise((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    if (said.push(line) === 2000) child.kill('SIGKILL')
  }
  await closed
  return said
}

/** Acknowledged messages that are not there whole. */
function missing(acknowledged: readonly string[], found: readonly string[]): number {
  const whole = new Set(found.filter((line) => line.endsWith(' 4096')).map((line) => line.split(' ')[0]))
  return acknowledged.filter((id) => !id.startsWith('error') && !whole.has(id)).length
}

const errorsIn = (lines: readonly string[]): string =>
  [...new Set(lines.filter((line) => line.startsWith('error')))].join('; ')

try {
  mkdirSync(modules)
  writeFileSync(join(modules, 'package.json'), '{}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', LMDB], { cwd: modules, stdio: 'pipe' })

  for (const kind of KINDS) {
    const directory = join(root, `kill-${kind}`)
    mkdirSync(directory)
    const acknowledged = await killed(kind, directory)
    const found = worker(kind, directory, 'list')
    say(
      `kill       ${kind}: ${acknowledged.length} acknowledged, ${missing(acknowledged, found)} missing ${errorsIn(found)}`,
    )
  }
  for (const kind of KINDS) {
    const directory = join(root, `full-${kind}`)
    mkdirSync(directory)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', directory], { stdio: 'pipe' })
    } catch {
      say(`full disk  ${kind}: skipped, a tmpfs cannot be mounted here`)
      continue
    }
    try {
      const acknowledged = worker(kind, directory, 'accept')
      const after = worker(kind, directory, 'end')
      const count = acknowledged.filter((line) => !line.startsWith('error')).length
      say(`full disk  ${kind}: ${count} acknowledged, then ${errorsIn(acknowledged)}`)
      say(
        `           ${kind}: ${missing(acknowledged, after)} missing; ${after.at(-1)} on the full disk ${errorsIn(after)}`,
      )
    } finally {
      execFileSync('umount', [directory])
    }
  }
  const figures = new Map<Kind, { perSecond: number; cpuMicros: number }[]>(KINDS.map((kind) => [kind, []]))
  for (let round = 0; round < 3; round++) {
    for (const kind of KINDS) {
      const directory = join(root, `speed-${kind}-${round}`)
      mkdirSync(directory)
      const [line = '{}'] = worker(kind, directory, 'speed')
      figures.get(kind)?.push(JSON.parse(line))
    }
  }
  const median = (kind: Kind, of: 'perSecond' | 'cpuMicros'): number =>
    (figures.get(kind) ?? []).map((each) => each[of]).sort((a, b) => a - b)[1] ?? Number.NaN
  for (const kind of KINDS)
    say(
      `speed      ${kind}: ${median(kind, 'perSecond').toFixed(0)} messages/s accepted and ended, ` +
        `${median(kind, 'cpuMicros').toFixed(0)} µs CPU each (100 writers, 4 KiB, median of 3)`,
    )
  say(
    `ratio      log to lmdb: ${(median('log', 'perSecond') / median('lmdb', 'perSecond')).toFixed(2)} in messages/s, ` +
      `${(median('log', 'cpuMicros') / median('lmdb', 'cpuMicros')).toFixed(2)} in CPU`,
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}
