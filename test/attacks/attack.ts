// SPDX-License-Identifier: Apache-2.0
/**
 * What an attack is, and how one is run: against a living server, while a prober sends honest mail, with the server's
 * memory watched. An attack throws when its own required outcome is missed; here stands what holds for all of them.
 */
import assert from 'node:assert/strict'
import { type LyingNames, startLyingNames } from './lying-name-server.ts'
import { type Prober, startProber } from './prober.ts'
import { type BesiegedServer, type Settings, startBesieged } from './server.ts'

export interface Scene {
  readonly server: BesiegedServer
  /** The only name server it knows. */
  readonly names: LyingNames
  /** The large form, for a machine that has time; else the one for every test run. */
  readonly full: boolean
  readonly size: (short: number, full: number) => number
}

export interface Attack {
  readonly name: string
  /** What has to come of it, besides: the prober is served, memory stays under the bound, the server lives on. */
  readonly outcome: string
  /** Resident memory of any process of the server at most, MB. */
  readonly boundMB: number
  readonly settings?: (full: boolean) => Settings
  /** @returns a few words about what was seen. @throws when the outcome is missed */
  readonly run: (scene: Scene) => Promise<string>
}

export interface Result {
  readonly attack: Attack
  readonly peakMB: number
  readonly served: number
  readonly worstMs: number
  readonly seconds: number
  readonly seen: string
  /** Empty: everything is as it has to be. */
  readonly problems: readonly string[]
}

/** A probe may take so long: far more than a loaded machine needs, far less than a client waits. */
const PATIENCE_MS = { short: 30_000, full: 10_000 } as const

/** A server under attack and its prober; several attacks may follow each other on one. */
export interface Siege extends AsyncDisposable {
  readonly server: BesiegedServer
  readonly names: LyingNames
  readonly prober: Prober
  readonly full: boolean
}

export async function beginSiege(settings: Settings, full: boolean): Promise<Siege> {
  await using cleanup = new AsyncDisposableStack()
  const names = cleanup.use(await startLyingNames())
  const server = cleanup.use(await startBesieged(settings, names.port))
  const prober = cleanup.use(startProber(server.ports.smtp, PATIENCE_MS[full ? 'full' : 'short']))
  const owned = cleanup.move()
  return { server, names, prober, full, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

export async function runAttack(attack: Attack, { server, names, prober, full }: Siege): Promise<Result> {
  const problems: string[] = []
  const started = performance.now()
  server.forgetPeak()
  prober.begin()
  const seen = await attack
    .run({ server, names, full, size: (short, long) => (full ? long : short) })
    .catch((error: unknown) => {
      problems.push(error instanceof Error ? error.message : String(error))
      return ''
    })
  const { served, worstMs, failures } = await prober.end()
  const peakMB = server.alive() ? server.memory().peak : Number.NaN
  if (!server.alive()) problems.push('the server is gone')
  if (!(peakMB <= attack.boundMB)) problems.push(`memory: ${peakMB} MB of ${attack.boundMB} MB`)
  if (failures.length > 0) problems.push(`the prober was not served: ${failures.join('; ')}`)
  problems.push(...(await server.faults()).map((line) => `a bug: ${line.slice(0, 500)}`))
  return { attack, peakMB, served, worstMs, seconds: (performance.now() - started) / 1000, seen, problems }
}

/** Stops the server, which has to end by itself with a balanced ledger. @returns what the ledger says */
export async function endSiege({ server }: Siege): Promise<string> {
  const { code, ledger } = await server.stop()
  assert.equal(code, 0, `the server ended with ${code}; its ledger: ${ledger}`)
  return ledger
}

export const line = ({ attack, peakMB, served, worstMs, seconds, seen }: Result): string =>
  `attack ${attack.name}: peak ${peakMB} MB of ${attack.boundMB} MB, prober ${served} served, worst ${worstMs} ms, ` +
  `${seconds.toFixed(1)} s${seen === '' ? '' : `: ${seen}`}`
