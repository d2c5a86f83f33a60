// SPDX-License-Identifier: Apache-2.0
/** Postern's side: tables loaded and asked as the server does it, and rows tried one by one for comparison. */
import { answer, loadMappings, type Mappings, type MappingTable, runMapping } from '../../src/mapping/index.ts'
import { RUN_LIMITS } from '../../src/mapping/limits.ts'
import { matchPattern } from '../../src/mapping/match.ts'
import { Probe } from '../../src/mapping/probe.ts'
import { Scratch } from '../../src/mapping/scratch.ts'
import { Work } from '../../src/mapping/work.ts'

export interface Asked {
  readonly text: string
  readonly output?: string
}

export interface Rate {
  readonly probes: number
  /** Of this process, garbage collection included; and wall clock. */
  readonly cpuMs: number
  readonly wallMs: number
}

export const perSecond = ({ probes, cpuMs }: Rate): number => (probes / cpuMs) * 1000

export function load(text: string): { readonly mappings: Mappings; readonly cpuMs: number; readonly wallMs: number } {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const { mappings, hasErrors } = loadMappings({ name: 'mappings', text })
  if (hasErrors) throw new Error('the table has errors')
  return { mappings, ...since(cpu, started) }
}

/** Asks for so long, in rounds of all probes; each answer is compared with what must come out. */
export const askMappings = (mappings: Mappings, probes: readonly Asked[], forMs: number): Rate =>
  timed(probes, forMs, ({ text, output }) => {
    const result = answer(runMapping(mappings, 'T', text), {})
    if (result instanceof Promise || result.kind !== 'answered') throw new Error(`no answer to ${text}`)
    if ((result.matched ? result.output : undefined) !== output) throw new Error(`wrong answer to ${text}`)
  })

/** The same matcher over every row from the first on, without index, template and trace. */
export const askLinear = (table: MappingTable, probes: readonly Asked[], forMs: number): Rate => {
  const work = new Work({ ...RUN_LIMITS, steps: Number.MAX_SAFE_INTEGER }, new Scratch())
  return timed(probes, forMs, ({ text, output }) => {
    const probe = new Probe(text)
    const row = table.rows.find(({ pattern }) => matchPattern(pattern, probe, work) !== undefined)
    if ((row === undefined) !== (output === undefined)) throw new Error(`wrong answer to ${text}`)
  })
}

function timed(probes: readonly Asked[], forMs: number, ask: (probe: Asked) => void): Rate {
  const started = performance.now()
  const cpu = process.cpuUsage()
  let asked = 0
  do {
    for (const probe of probes) {
      ask(probe)
      asked++
      if (asked % 64 === 0 && performance.now() - started > forMs) break
    }
  } while (performance.now() - started < forMs)
  return { probes: asked, ...since(cpu, started) }
}

function since(cpu: NodeJS.CpuUsage, started: number): { cpuMs: number; wallMs: number } {
  const { user, system } = process.cpuUsage(cpu)
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - started }
}
