// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, against a model of a few lines: whatever scripts of all levels say, the outcome is that of spec filters.md 2;
 * and whatever octets a message is made of, it comes to an outcome.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RecipientFilters } from '../../ask/filters.ts'
import { fate } from './fate.ts'
import { type FilterSite, filterMail } from './fixture.ts'

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
console.log(`filter levels: SEED=${seed}`)

const KIM = 'kim@example.org'
const USER = ['personal', 'household', 'domain'] as const
const SITE = ['destination', 'source', 'mta'] as const
const LEVELS = [...USER, ...SITE]
type Level = (typeof LEVELS)[number]

/** What a script does, and its text; `n` makes its targets its own. */
const SCRIPTS = {
  nothing: () => 'if false { discard; }',
  stop: () => 'stop;',
  keep: () => 'keep;',
  discard: () => 'discard;',
  redirect: (n: string) => `redirect "${n}@example.net";`,
  copy: (n: string) => `require "copy"; redirect :copy "copy-${n}@example.net";`,
  reject: (n: string) => `require "reject"; reject "${n}";`,
  jettison: () => 'jettison;',
  refuse: (n: string) => `refuse "${n}";`,
  hold: () => 'hold;',
} as const
type Word = keyof typeof SCRIPTS

const OF_USERS = ['nothing', 'stop', 'keep', 'discard', 'redirect', 'copy', 'reject'] as const satisfies readonly Word[]
const OF_SITE = [...OF_USERS, 'jettison', 'refuse', 'hold'] as const satisfies readonly Word[]

type Said = Readonly<Record<Level, Word>>

/** Spec filters.md 2, read again. */
function model(said: Said, literalFinish: boolean): string {
  let decided: { word: Word; level: Level } | undefined
  let refuse: Level | undefined
  let jettison = false
  let held = false
  const copies: string[] = []
  for (const level of LEVELS) {
    const word = said[level]
    if (decided !== undefined && (USER.some((one) => one === level) || literalFinish)) continue
    if (word === 'refuse') refuse ??= level
    if (word === 'jettison') jettison = true
    if (word === 'hold') held = true
    if (decided !== undefined) continue
    if (word === 'copy') copies.push(`to copy-${level}@example.net`)
    else if (!['nothing', 'stop', 'hold'].includes(word)) decided = { word, level }
  }
  if (refuse !== undefined) return `550 5.7.1 ${refuse}`
  if (jettison) return 'jettison'
  const hold = held ? 'held: ' : ''
  switch (decided?.word) {
    case 'redirect':
      return hold + [...copies, `to ${decided.level}@example.net`].join(', ')
    case 'reject':
      return copies.length === 0
        ? `550 5.7.1 ${decided.level}`
        : hold + [`reject ${decided.level}`, ...copies].join(', ')
    case 'discard':
      return hold + (copies.length === 0 ? 'discard' : copies.join(', '))
    default:
      return hold + ['inbox', ...copies].join(', ')
  }
}

const script = (said: Said, level: Level): string => SCRIPTS[said[level]](level)

function siteOf(said: Said, literalFinish: boolean): FilterSite {
  const kept: Partial<RecipientFilters> = {
    personal: [script(said, 'personal')],
    household: { owner: KIM as RecipientFilters['addresses'][number], rules: [script(said, 'household')] },
    domain: [script(said, 'domain')],
  }
  const [destination, source, mta] = SITE.map((level) => script(said, level))
  return {
    users: { [KIM]: kept },
    settings: { literalFinish },
    ...(destination === undefined ? {} : { destination }),
    ...(source === undefined ? {} : { source }),
    ...(mta === undefined ? {} : { mta }),
  }
}

test('the outcome of any scripts is that of the model', async () => {
  const user = fc.constantFrom(...OF_USERS)
  const site = fc.constantFrom(...OF_SITE)
  const said = fc.record({ personal: user, household: user, domain: user, destination: site, source: site, mta: site })
  await fc.assert(
    fc.asyncProperty(said, fc.boolean(), async (scripts, literalFinish) => {
      const mail = await filterMail(siteOf(scripts, literalFinish))
      const got = mail.verdict === 'refuse' ? mail.reply : mail.recipients.map(fate).join()
      const held = mail.verdict === 'hold' ? 'held: ' : ''
      assert.equal(`${held}${got}`, model(scripts, literalFinish))
    }),
    { seed, numRuns: 150 },
  )
})

test('any octets come to an outcome', async () => {
  const users: NonNullable<FilterSite['users']> = {
    [KIM]: {
      personal: [
        'require ["fileinto", "body", "editheader", "mime", "vacation", "date"]; if header :contains ["subject", "x"] "a" { addheader "X" "y"; } if body :contains "b" { fileinto "B"; } if date "date" "year" "2026" { vacation "away"; }',
      ],
    },
  }
  const site: FilterSite = {
    users,
    mta: 'require "mime"; addtag "[t]"; addprefix "p"; if header :mime :anychild :type "content-type" "text" { hold; }',
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (content) => {
      const mail = await filterMail(site, { content })
      assert.notEqual(mail.verdict, 'refuse')
    }),
    { seed, numRuns: 100 },
  )
})
