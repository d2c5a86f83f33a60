// SPDX-License-Identifier: Apache-2.0
/**
 * Probes a second against mapping tables of 10, 1,000 and 100,000 rows, beside a linear scan with the same matcher and
 * beside Postfix's `postmap -q -` with the same content, in one run: `npm run bench:mapping`. `--quick` for a look.
 * All rates are per second of CPU time. Answers are checked while they are timed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askLinear, askMappings, load, perSecond } from './ours.ts'
import { askPostmap, tableTypes } from './postmap.ts'
import { MIXES, type Mix, mappingsFile, PLACES, postfixFile, probesOf } from './tables.ts'

const quick = process.argv.includes('--quick')
const SIZES = [10, 1000, 100_000]
const ASK_MS = quick ? 300 : 1500
const LINEAR_MS = quick ? 200 : 600
const PROBES = 10_000
const LINEAR_PROBES = 500

const say = (line: string): void => console.log(line)
const rate = (value: number): string => Math.round(value).toLocaleString('en').padStart(11)
const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'))
const types = tableTypes()

function compare(mix: Mix): void {
  say(`\n${mix.name}: ${mix.kinds.map(({ name }) => name).join(', ')}`)
  if (!types.includes(mix.peer)) say(`  Postfix: skipped, it has no ${mix.peer} tables here (Debian: postfix-pcre)`)
  say('     rows  probes    Postern/s    linear/s   Postfix/s  to linear  to Postfix')
  const ofTen = new Map<string, number>()
  for (const rows of SIZES) {
    const text = mappingsFile(mix, rows)
    const { mappings, cpuMs, wallMs } = load(text)
    const table = mappings.table('T')
    if (table === undefined) throw new Error('no table')
    let peerLoad: number | undefined
    // What loading left behind is collected meanwhile; it belongs to loading.
    for (const place of PLACES) askMappings(mappings, probesOf(mix, rows, place, PROBES), ASK_MS)
    for (const place of PLACES) {
      const probes = probesOf(mix, rows, place, PROBES)
      askMappings(mappings, probes, ASK_MS / 3)
      const ours = perSecond(askMappings(mappings, probes, ASK_MS))
      const linear = perSecond(askLinear(table, probes.slice(0, LINEAR_PROBES), LINEAR_MS))
      const peer = types.includes(mix.peer)
        ? askPostmap(
            mix.peer,
            postfixFile(mix, rows),
            probes.map((p) => p.text),
            folder,
          )
        : undefined
      peerLoad = peer?.loadMs
      if (rows === SIZES[0]) ofTen.set(place, ours)
      const slower = (ofTen.get(place) ?? ours) / ours
      say(
        `${String(rows).padStart(9)}  ${place.padEnd(6)} ${rate(ours)} ${rate(linear)} ${peer?.perSecond === undefined ? '          -' : rate(peer.perSecond)} ` +
          `${(ours / linear).toFixed(1).padStart(9)}  ${peer?.perSecond === undefined ? '-' : (ours / peer.perSecond).toFixed(1).padStart(10)}` +
          (rows === SIZES[0] ? '' : `   ${slower.toFixed(2)} × the time of ten rows`),
      )
    }
    const beside = peerLoad === undefined ? '' : `; Postfix starts and loads in ${Math.round(peerLoad)} ms CPU`
    say(`${String(rows).padStart(9)}  loaded in ${Math.round(wallMs)} ms (${Math.round(cpuMs)} ms CPU)${beside}`)
  }
}

try {
  for (const mix of MIXES) compare(mix)
} finally {
  rmSync(folder, { recursive: true })
}
