// SPDX-License-Identifier: Apache-2.0
/**
 * The long forms of the tests beside this file: `node test/serve/main.ts NAME [--rounds N] [--minutes N] [--rate N]
 * [--workers N]`. race: 1,000 rounds; reloads: 100; kills: 30; soak: 2 minutes at 40 messages a second. Ends with 1 when
 * something was wrong.
 */
import { parseArgs } from 'node:util'
import { killAll } from './kills.ts'
import { raceAll } from './race.ts'
import { reloadUnderLoad } from './reloads.ts'
import { scratchSite } from './server.ts'
import { soak } from './soak.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    minutes: { type: 'string', default: '2' },
    rate: { type: 'string', default: '40' },
    workers: { type: 'string', default: '2' },
  },
})
const rounds = (otherwise: number): number => Number(values.rounds ?? otherwise)
const rate = Number(values.rate)

const NAMES: Readonly<Record<string, () => Promise<void>>> = {
  async race() {
    await using site = await scratchSite({ server: { hostname: 'mx.demo.test', workers: 4 } })
    const server = await site.start()
    await raceAll(site, server, rounds(1000))
    await server.stop()
    say(`race: ${rounds(1000)} rounds, ten of fifty served in each`)
  },
  async reloads() {
    await using site = await scratchSite()
    const server = await site.start()
    const { accepted, p99 } = await reloadUnderLoad(site, server, rounds(100), { messages: 20, rate })
    await server.stop()
    say(
      `reloads: ${rounds(100)}, ${accepted} messages; p99 of replies ${p99.without.toFixed(1)} ms without, ` +
        `${p99.during.toFixed(1)} ms with reloads, ratio ${(p99.during / p99.without).toFixed(2)}`,
    )
  },
  async kills() {
    const { accepted, doubtful, twice } = await killAll(rounds(30), say)
    say(`kills: ${accepted} accepted, none lost; ${doubtful} without an answer, ${twice} delivered twice`)
  },
  async soak() {
    const options = { minutes: Number(values.minutes), rate, workers: Number(values.workers) }
    const { accepted, p99, slope } = await soak(options, say)
    say(`soak: ${accepted} messages, p99 of replies ${p99.toFixed(1)} ms, memory ${slope.toFixed(1)} MB an hour`)
  },
}

const name = positionals[0] ?? ''
const run = NAMES[name]
if (run === undefined) {
  say(`no test ${JSON.stringify(name)}; one of ${Object.keys(NAMES).join(', ')}`)
  process.exitCode = 2
} else await run()
