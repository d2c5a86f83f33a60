// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Sieve
/**
 * Proves: twice the input costs twice the work, and no more steps than the budget: wildcards, substrings, patterns, lists
 * of headers, addresses, parts and bodies. Work is what V8 counts (test/fuzz/steps.ts) in our sources; of re2js it sees
 * nothing, so for patterns that other engines never finish the proof is that they end, and what they are charged.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
// First: what is loaded before it is not counted.
import { assertStepsDouble } from '../fuzz/steps.ts'
import { attempt } from './try.ts'

interface Case {
  readonly what: string
  readonly count: number
  readonly script: string
  readonly mail: (count: number) => string
}

const subject = (text: string): string => `Subject: ${text}\r\n\r\nx\r\n`
const parts = (count: number): string =>
  `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nContent-Type: text/plain\r\n\r\nword here\r\n'.repeat(count)}--b--\r\n`

const CASES: readonly Case[] = [
  {
    what: ':matches "*a*a*a*a*b"',
    count: 40_000,
    script: 'if header :matches "Subject" "*a*a*a*a*b" { discard; }',
    mail: (count) => subject('a'.repeat(count)),
  },
  {
    what: ':matches with ? between stars',
    count: 20_000,
    script: 'if header :matches "Subject" "*a?a?a*a?b*c" { discard; }',
    mail: (count) => subject('a'.repeat(count)),
  },
  {
    what: ':matches with variables of all stars',
    count: 40_000,
    script: 'if header :matches "Subject" "*a*a*a*" { set "x" "${1}${2}${3}"; discard; }',
    mail: (count) => subject('a'.repeat(count)),
  },
  {
    what: ':contains a long key that never ends',
    count: 40_000,
    script: `if header :contains "Subject" "${'a'.repeat(500)}b" { discard; }`,
    mail: (count) => subject('a'.repeat(count)),
  },
  {
    what: ':regex (a*)*b',
    count: 8000,
    script: 'if header :regex "Subject" "(a*)*b" { discard; }',
    mail: (count) => subject('a'.repeat(count)),
  },
  {
    what: ':regex (x+x+)+y',
    count: 8000,
    script: 'if header :regex "Subject" "(x+x+)+y" { discard; }',
    mail: (count) => subject('x'.repeat(count)),
  },
  {
    what: 'fields of one name, 64 keys',
    count: 1000,
    script: `if header :contains "X-A" [${Array.from({ length: 64 }, (_, i) => `"key${i}"`).join(', ')}] { discard; }`,
    mail: (count) => `${'X-A: some value here\r\n'.repeat(count)}\r\nx\r\n`,
  },
  {
    what: 'fields of many names',
    count: 4000,
    script:
      'if anyof (header :contains "X-1" "q", exists "X-None", header :count "gt" :comparator "i;ascii-numeric" "X-2" "9") { discard; }',
    mail: (count) => `${Array.from({ length: count }, (_, i) => `X-${i}: v\r\n`).join('')}\r\nx\r\n`,
  },
  {
    what: 'ten thousand addresses',
    count: 10_000,
    script: 'if anyof (address :domain "To" "nowhere.example", address :detail :matches "To" "*x?y") { discard; }',
    mail: (count) =>
      `To: ${Array.from({ length: count }, (_, i) => `u${i}+d@example.org`).join(',\r\n ')}\r\n\r\nx\r\n`,
  },
  {
    what: 'parts, each looked at',
    count: 900,
    script: 'foreverypart { if header :mime :subtype "Content-Type" "html" { discard; } }',
    mail: parts,
  },
  {
    what: 'parts as texts',
    count: 900,
    script: 'if body :text :contains "nothing" { discard; }',
    mail: parts,
  },
  {
    what: 'a body',
    count: 400_000,
    script: 'if anyof (body :raw :contains "nothing", body :text :contains "nothing") { discard; }',
    mail: (count) => `Subject: x\r\n\r\n${'some words in a line\r\n'.repeat(count / 22)}`,
  },
  {
    what: 'encoded words',
    count: 4000,
    script: 'if header :contains "Subject" "nothing" { discard; }',
    mail: (count) => subject('=?utf-8?q?a?= '.repeat(count)),
  },
]

for (const { what, count, script, mail } of CASES)
  test(`linear: ${what}`, async () => {
    const steps: number[] = []
    await assertStepsDouble(
      what,
      (size) => {
        const content = mail(size)
        return () => {
          const result = attempt(script, { mail: content })
          assert.ok(result.status === 'ok' || result.status === 'limit', result.error?.message)
          steps.push(result.usage.steps)
        }
      },
      count,
    )
    const [small = 0, large = 0] = steps
    console.log(`measured ${what}: ${small} and ${large} steps of the budget`)
    assert.ok(large <= 2.2 * small + 50, `${small} steps, ${large} for twice the input`)
  })
