// SPDX-License-Identifier: Apache-2.0
/** Postfix's side: `postmap -q -` reads keys, one a line. What it costs to start and to load is measured with one key. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Postmap {
  readonly loadMs: number
  /** `undefined`: too few to be told from the start. */
  readonly perSecond?: number
}

/** Table types this Postfix has; none where it is not installed. */
export function tableTypes(): readonly string[] {
  const { status, stdout } = spawnSync('postconf', ['-m'], { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n') : []
}

/** CPU time, user and system. Asks more keys until they cost well more than the start does. */
export function askPostmap(type: string, table: string, keys: readonly string[], folder: string): Postmap {
  const path = join(folder, `table.${type}`)
  writeFileSync(path, table)
  const loadMs = cpuMs(type, path, keys.slice(0, 1), folder)
  for (let count = Math.min(keys.length, 200); ; count *= 4) {
    const some = Array.from({ length: count }, (_, i) => keys[i % keys.length] ?? '')
    const spent = cpuMs(type, path, some, folder) - loadMs
    if (spent >= 300) return { loadMs, perSecond: (count / spent) * 1000 }
    if (count > 1e6) return { loadMs }
  }
}

function cpuMs(type: string, path: string, keys: readonly string[], folder: string): number {
  const input = join(folder, 'keys')
  writeFileSync(input, keys.map((key) => `${key}\n`).join(''))
  const script = 'postmap -q - "$0" < "$1" > /dev/null; times'
  const { stdout, stderr, status } = spawnSync('sh', ['-c', script, `${type}:${path}`, input], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`postmap: ${stderr}`)
  // The second line is that of the children.
  const times = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000, 0)
}
