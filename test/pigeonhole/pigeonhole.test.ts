// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Sieve
/**
 * Our Sieve beside Pigeonhole's `sieve-test`: drawn tests on each message, what `*` took, actions, and what goes wrong.
 * Proves: both answer alike, but for the differences that docs/quirks/sieve-and-pigeonhole.md has a line for.
 *
 * Many tests are one script, each with a flag of its own, so that a message takes one process. The seed is fixed:
 * `PIGEONHOLE_SEED=N` draws others, `PIGEONHOLE_ROUNDS=N` more of them.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { isAction } from '../../src/sieve/index.ts'
import { createRandom } from '../fuzz/random.ts'
import { missing } from '../peers/install.ts'
import { DrawTests, quote, REQUIRES } from './draw-tests.ts'
import { DIFFERENCES, SCRIPTS } from './hand-made.ts'
import { MESSAGES, STRANGE } from './messages.ts'
import { engine, ours, runOurs } from './ours.ts'
import type { Ran } from './ran.ts'
import { SieveTest } from './sieve-test.ts'

const SEED = Number(process.env['PIGEONHOLE_SEED'] ?? 1)
const ROUNDS = Number(process.env['PIGEONHOLE_ROUNDS'] ?? 1)
/** Drawn of each message in a round. */
const TESTS = 80
const CAPTURES = 12

const ENVELOPE = { from: 'kim+work@Sender.Example', to: 'lee+filters@example.org' }
const PLAIN = MESSAGES[0]?.octets ?? Buffer.alloc(0)
const skip = missing('sieve-test')
if (skip !== false) console.log(`skipped: Pigeonhole is ${skip}`)
const folder = mkdtempSync(join(tmpdir(), 'postern-pigeonhole-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const known = new Set(engine.capabilities())
const require = `require [${REQUIRES.filter((name) => known.has(name) || name.startsWith('comparator-'))
  .map(quote)
  .join(', ')}];\n`

const flagsOf = ({ lines }: Ran): ReadonlySet<string> =>
  new Set(/\[(.*)\]/.exec(lines.join('\n'))?.[1]?.split(' ') ?? [])

/** Which of these tests hold, on both sides. */
function holding(peer: SieveTest, message: Buffer, tests: readonly string[]): readonly (readonly [boolean, boolean])[] {
  const commands = tests.map((one, i) => `if ${one} { addflag "t${i}"; }\n`)
  const given = { script: `${require}${commands.join('')}keep;\n`, message, ...ENVELOPE }
  const mine = ours(given)
  const theirs = peer.run(given)
  assert.equal(mine.status, 'ok', mine.told)
  assert.equal(theirs.status, 'ok', theirs.told)
  const [a, b] = [flagsOf(mine), flagsOf(theirs)]
  return tests.map((_, i) => [a.has(`t${i}`), b.has(`t${i}`)] as const)
}

/** A test that what stars took of a value is what they take here. */
function captureTest(message: Buffer, name: string, pattern: string): string {
  const header = `header :matches ${quote(name)} ${quote(pattern)}`
  const taken = '<${0}|${1}|${2}|${3}>'
  const result = runOurs({ script: `${require}if ${header} { fileinto "${taken}"; }`, message, ...ENVELOPE })
  const action = typeof result === 'string' ? undefined : result.actions[0]
  const value = action !== undefined && isAction(action, 'fileinto') ? action.args.mailbox : 'nothing'
  return `allof (${header}, string :is :comparator "i;octet" "${taken}" ${quote(value)})`
}

describe('Sieve beside Pigeonhole', { skip }, () => {
  let pairs = 0
  const peer = skip === false ? new SieveTest(folder) : undefined
  if (peer === undefined) return

  for (let round = 0; round < ROUNDS; round++)
    for (const { name, octets } of MESSAGES)
      test(`tests drawn for the message "${name}", seed ${SEED + round}`, () => {
        const draw = new DrawTests(createRandom(SEED + round), octets, known.has('regex'))
        const drawn = Array.from({ length: TESTS }, () => draw.test())
        const captures = Array.from({ length: CAPTURES }, () => {
          const [field, value] = draw.field()
          return captureTest(octets, field, draw.matching(value))
        })
        const tests = [...drawn, ...captures]
        const differing = holding(peer, octets, tests).flatMap(([mine, theirs], i) =>
          mine === theirs ? [] : `ours ${mine}, theirs ${theirs}: ${tests[i]}`,
        )
        assert.deepEqual(differing, [])
        pairs += tests.length
      })

  for (const { name, script } of SCRIPTS) {
    const quirk = DIFFERENCES.find(({ scripts }) => scripts?.includes(name))?.quirk
    test(`script: ${name}`, () => {
      const given = { script, message: PLAIN, ...ENVELOPE }
      const [mine, theirs] = [ours(given), peer.run(given)]
      const told = `ours: ${mine.told}\ntheirs: ${theirs.told}`
      const compared = [
        { status: mine.status, lines: mine.lines },
        { status: theirs.status, lines: theirs.lines },
      ] as const
      if (quirk === undefined) assert.deepEqual(compared[0], compared[1], told)
      else assert.notDeepEqual(compared[0], compared[1], `no difference any more: ${quirk}`)
      pairs++
    })
  }

  test('differences that are meant, and no others', () => {
    const all = DIFFERENCES.flatMap(({ quirk, tests = [] }) => tests.map((one) => ({ ...one, quirk })))
    const found = holding(
      peer,
      STRANGE.octets,
      all.map((one) => one.test),
    )
    for (const [i, { test: text, ours: wanted, quirk }] of all.entries())
      assert.deepEqual(found[i], [wanted, !wanted], `${quirk}\n${text}`)
    pairs += all.length
  })

  test('so many pairs were compared', () => {
    console.log(`measured: ${pairs} pairs of script and message compared with Pigeonhole`)
    assert.ok(pairs >= 300)
  })
})

test('each difference from Pigeonhole has its line in the quirks', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/quirks/sieve-and-pigeonhole.md'), 'utf8')
  const lines = text.split('\n').filter((line) => line.startsWith('- '))
  assert.deepEqual(
    lines,
    DIFFERENCES.map(({ quirk }) => `- ${quirk}`),
  )
})
