// SPDX-License-Identifier: Apache-2.0
/**
 * Sieve: messages a second through a script of 50, 500 and 5,000 rules, what a rule costs (by the slope between sizes),
 * and what it costs to compile one, beside Pigeonhole in the same run: `npm run bench:sieve`; `--quick` for a look.
 * CPU time throughout. What comes out is checked while it is timed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAction, SieveEngine, SieveMessage, type SieveProgram, STANDARD_EXTENSIONS } from '../../src/sieve/index.ts'
import { missing } from '../../test/peers/install.ts'
import { Pigeonhole } from './pigeonhole.ts'
import { message, RECIPIENT, SENDER, script } from './rules.ts'

const quick = process.argv.includes('--quick')
const RUN_MS = quick ? 300 : 1500
const SIZES = [50, 500, 5000] as const
const MESSAGES = [4096, 51_200] as const

const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS, limits: { scriptBytes: 1_048_576 } })
const say = (line: string): void => console.log(line)
const number = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }).padStart(10)

/** CPU microseconds of one call, over so long; garbage collection included. */
function cpuUs(work: () => void, forMs = RUN_MS): number {
  for (const end = performance.now() + forMs / 3; performance.now() < end; ) work()
  const cpu = process.cpuUsage()
  let calls = 0
  for (const end = performance.now() + forMs; performance.now() < end; calls++) work()
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / calls
}

function compile(source: string): SieveProgram {
  const compiled = engine.compile(source)
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message)
  return compiled.program
}

/** From the octets on: a delivery reads the message anew. */
function deliver(program: SieveProgram, content: Buffer): void {
  const run = engine.createRun(program, {
    message: SieveMessage.parse(content),
    envelope: { from: SENDER, to: RECIPIENT },
  })
  const result = run.execute()
  if (result instanceof Promise) throw new Error('it asked')
  const [action] = result.actions
  if (result.status !== 'ok' || action === undefined || !isAction(action, 'fileinto'))
    throw new Error(`not filed: ${result.error?.message ?? result.status}`)
  if (action.args.mailbox !== 'Meetings') throw new Error('filed wrongly')
}

/** The slope between a size and the next one: of scripts people have, and of scripts nobody has. */
const perRule = (costs: readonly number[]): readonly [number, number] => {
  const [small = 0, middle = 0, large = 0] = costs
  return [(middle - small) / (SIZES[1] - SIZES[0]), (large - middle) / (SIZES[2] - SIZES[1])]
}

const shown = ([usual, huge]: readonly [number, number]): string =>
  `${usual.toFixed(2)} µs from ${SIZES[0]} to ${SIZES[1]} rules, ${huge.toFixed(2)} µs from there to ${SIZES[2]}`

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'))
try {
  const absent = missing('sieve-test', 'sievec')
  if (absent !== false) say(`Pigeonhole: skipped, ${absent}`)
  const peer = absent === false ? new Pigeonhole(folder) : undefined

  const sources = SIZES.map(script)
  const compiling = perRule(sources.map((source) => cpuUs(() => void compile(source))))
  const theirs = peer?.compiling()
  const beside = theirs === undefined ? '' : `; Pigeonhole ${theirs.toFixed(2)} µs`
  say(`to compile a rule: ${shown(compiling)}${beside}`)

  const programs = sources.map(compile)
  say('  message     rules  messages/s   µs a message')
  for (const bytes of MESSAGES) {
    const content = message(bytes)
    const costs = programs.map((program) => cpuUs(() => deliver(program, content)))
    for (const [i, cost] of costs.entries())
      say(`${number(bytes / 1024)}K${number(SIZES[i] ?? 0)}${number(1e6 / cost)}${number(cost, 1)}`)
    const ours = perRule(costs)
    const other = peer?.running(content)
    const ratio =
      other === undefined
        ? ''
        : `; Pigeonhole ${other.toFixed(2)} µs, ${ours.map((us) => (other / us).toFixed(1)).join(' and ')} times`
    say(`  a rule: ${shown(ours)}${ratio}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
