// SPDX-License-Identifier: Apache-2.0
/**
 * What a server costs: CPU time and memory of all its processes. In a control group of its own where one may be made
 * (then nothing is missed); else of the processes below the first one, from /proc, with what they reaped.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Meter {
  /** How it counts, for the heading. */
  readonly by: string
  /** Puts before a command what makes it be counted. */
  wrap(command: readonly [string, ...string[]]): readonly [string, ...string[]]
  /** Milliseconds of CPU time so far, user and system. @param pid of the first process */
  cpuMs(pid: number): number
  pids(pid: number): readonly number[]
  close(): void
}

export function openMeter(name: string): Meter {
  return groupMeter('/sys/fs/cgroup/cpuacct', name) ?? groupMeter('/sys/fs/cgroup', name) ?? treeMeter
}

function groupMeter(root: string, name: string): Meter | undefined {
  const folder = join(root, `postern-bench-${process.pid}-${name}`)
  try {
    mkdirSync(folder)
  } catch {
    return undefined
  }
  const cpuMs = (): number => {
    if (root.endsWith('cpuacct')) return Number(readFileSync(join(folder, 'cpuacct.usage'), 'utf8')) / 1e6
    return Number(/usage_usec (\d+)/.exec(readFileSync(join(folder, 'cpu.stat'), 'utf8'))?.[1]) / 1000
  }
  const pids = (): readonly number[] => numbers(readFileSync(join(folder, 'cgroup.procs'), 'utf8'))
  const close = (): void => {
    try {
      rmdirSync(folder)
    } catch {
      // A process that will not end keeps it; it costs nothing.
    }
  }
  try {
    cpuMs()
    pids()
  } catch {
    close()
    return undefined
  }
  return {
    by: 'control group',
    wrap: (command) => ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder, ...command],
    cpuMs,
    pids,
    close,
  }
}

/** A clock tick of /proc, milliseconds: the same on every Linux that Node runs on. */
const TICK_MS = 10

const treeMeter: Meter = {
  by: 'process tree',
  wrap: (command) => command,
  cpuMs: (pid) => treeMeter.pids(pid).reduce((sum, one) => sum + TICK_MS * ticksOf(one), 0),
  pids(pid) {
    const parents = new Map<number, number[]>()
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      const parent = Number(statOf(Number(name))[1])
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
    }
    const below = (one: number): number[] => [one, ...(parents.get(one) ?? []).flatMap(below)]
    return below(pid)
  },
  close: () => {},
}

/** From the state on, which is the third field: the name before it may hold blanks. */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** Its own and its reaped children's: fields 14 to 17. */
const ticksOf = (pid: number): number =>
  statOf(pid)
    .slice(11, 15)
    .reduce((sum, field) => sum + Number(field), 0)

/** Octets of memory that would come free if these ended: shared pages are shared out (proportional set size). */
export const memoryOf = (pids: readonly number[]): number => sumOf(pids, /^Pss:\s+(\d+)/m)

/** Octets that belong to these processes alone. */
export const privateMemoryOf = (pids: readonly number[]): number => sumOf(pids, /^Private_Dirty:\s+(\d+)/m)

function sumOf(pids: readonly number[], field: RegExp): number {
  let sum = 0
  for (const pid of pids)
    try {
      sum += 1024 * Number(field.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0)
    } catch {
      // It ended meanwhile.
    }
  return sum
}

const numbers = (text: string): readonly number[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
