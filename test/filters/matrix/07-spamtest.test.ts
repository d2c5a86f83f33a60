// SPDX-License-Identifier: Apache-2.0
/** Spec filters.md 12, item 7: scores are rounded, kept within 0 and 10, and the text stands behind them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Site } from '../../interop/site.ts'
import { boxOf, filtered, messagesIn, send, settled } from '../site.ts'

const rows = [
  { score: '4.4', is: '4' },
  { score: '4.6', is: '5' },
  { score: '-3', is: '0' },
  { score: '27.7', is: '10' },
]
const script = (score: string, is: string): string => `require ["spamtest", "relational", "comparator-i;ascii-numeric"];
spamadjust "${score} by the test";
if spamtest :is "${is} ${score} by the test" { addheader "X-Text: appended"; }
${Array.from({ length: 11 }, (_, n) => `if spamtest :value "eq" :comparator "i;ascii-numeric" "${n}" { addheader "X-Is: ${n}"; }`).join('\n')}
keep;`

let site: Site
before(async () => {
  site = await filtered({ users: Object.fromEntries(rows.map(({ score, is }, i) => [`u${i}`, script(score, is)])) })
  for (const [i] of rows.entries()) assert.match(await send(site, { to: [`u${i}`] }), /^250 /)
  await settled(site)
})
after(() => site[Symbol.asyncDispose]())

for (const [i, { score, is }] of rows.entries())
  test(`item 7: ${score} is ${is}, and the text is appended`, async () => {
    const [text = ''] = await messagesIn(boxOf(site, `u${i}`))
    assert.deepEqual(
      [...text.matchAll(/^X-Is: (.*)$/gm)].map(([, n]) => n),
      [is],
    )
    assert.match(text, /^X-Text: appended$/m)
  })

test('item 7: adjustments of several rules add up', async () => {
  const kim = `require ["spamtest", "relational", "comparator-i;ascii-numeric", "fileinto", "mailbox"];
spamadjust "1.5"; if spamtest :value "ge" :comparator "i;ascii-numeric" "4" { fileinto :create "Junk"; }`
  await using other = await filtered({ users: { kim: ['require "spamtest"; spamadjust "+2.6";', kim] } })
  assert.match(await send(other), /^250 /)
  await settled(other)
  assert.equal((await messagesIn(boxOf(other, 'kim', '.Junk'))).length, 1)
})
