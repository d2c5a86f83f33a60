// SPDX-License-Identifier: Apache-2.0
/** The long form: `node test/reality/main.ts [sessions] [seed]`. */
import { compareSite } from './compare.ts'

const SESSIONS_OF_A_SITE = 50
const [wanted = 10_000, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number)
const totals = new Map<string, number>()
let done = 0
let batchMs = 0
console.log(`seed ${seed}`)
for (let i = 0; done < wanted; i++) {
  const compared = await compareSite(seed + i, Math.min(SESSIONS_OF_A_SITE, wanted - done))
  done += compared.sessions
  batchMs += compared.batchMs
  for (const [outcome, times] of compared.outcomes) totals.set(outcome, (totals.get(outcome) ?? 0) + times)
  if (i % 20 === 19) console.log(`${done} sessions the same`)
}
console.log(`${done} sessions, all the same; explain took ${Math.round(batchMs)} ms of it`)
for (const [outcome, times] of [...totals].sort(([, a], [, b]) => b - a))
  console.log(`  ${String(times).padStart(6)}  ${outcome}`)
