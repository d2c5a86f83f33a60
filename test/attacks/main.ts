// SPDX-License-Identifier: Apache-2.0
/**
 * Runs attacks: `node test/attacks/main.ts [NAME…] [--full]`. A name is any part of an attack's name. The full form
 * is for a machine that has time and allows 11,000 open files; each attack has a server of its own. Prints a line for
 * each attack, then a table, and ends with 1 when one of them got through.
 */
import { beginSiege, endSiege, line, type Result, runAttack } from './attack.ts'
import { CATALOGUE } from './catalogue.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const full = process.argv.includes('--full')
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const chosen = CATALOGUE.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))

const results: Result[] = []
let failed = 0
for (const attack of chosen) {
  const problems: string[] = []
  try {
    await using siege = await beginSiege(attack.settings?.(full) ?? {}, full)
    const result = await runAttack(attack, siege)
    results.push(result)
    say(line(result))
    problems.push(...result.problems)
    await endSiege(siege)
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  }
  if (problems.length > 0) failed++
  for (const problem of problems) say(`  FAILED ${attack.name}: ${problem} (required: ${attack.outcome})`)
}
say('')
say('| attack | bound | measured | honest mail served | worst wait |\n|---|---|---|---|---|')
for (const { attack, peakMB, served, worstMs } of results)
  say(`| ${attack.name} | ${attack.boundMB} MB | ${peakMB} MB | ${served} | ${worstMs} ms |`)
say(`${chosen.length} attacks, ${failed} failed`)
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0
