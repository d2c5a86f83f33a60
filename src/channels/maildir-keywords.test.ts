// SPDX-License-Identifier: Apache-2.0
/** Proves: keywords get the letters of Dovecot's file; names are added under its locks, and no lock keeps mail away. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { systemClock } from '../clock/clock.ts'
import { keywordLetters } from './maildir-keywords.ts'

async function folder(t: TestContext, keywords?: string): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postern-keywords-'))
  t.after(() => rm(path, { recursive: true }))
  if (keywords !== undefined) await writeFile(join(path, 'dovecot-keywords'), keywords)
  return path
}
const named = (path: string): Promise<string> => readFile(join(path, 'dovecot-keywords'), 'utf8')
/** A clock whose waits are over at once. */
const impatient = () => {
  let now = 0
  return {
    monotonic: () => now,
    after(ms: number, then: () => void) {
      now += ms
      setImmediate(then)
      return () => {}
    },
  }
}

for (const { name, before, keywords, letters, after = before } of [
  { name: 'no keywords, no file', keywords: [], letters: '' },
  { name: 'the first ones', keywords: ['$Junk', 'Work'], letters: 'ab', after: '0 $Junk\n1 Work\n' },
  { name: 'those that are there, in any case', before: '0 Blau\n1 $junk\n', keywords: ['$Junk'], letters: 'b' },
  {
    name: 'a new one beside others',
    before: '0 Blau\n',
    keywords: ['Work', 'blau'],
    letters: 'ab',
    after: '0 Blau\n1 Work\n',
  },
  { name: 'a number that is free', before: '0 A\n2 C\n', keywords: ['B'], letters: 'b', after: '0 A\n1 B\n2 C\n' },
  {
    name: 'the twenty-seventh has no letter',
    before: Array.from({ length: 26 }, (_, i) => `${i} k${i}\n`).join(''),
    keywords: ['more', 'k25'],
    letters: 'z',
  },
  { name: 'a name too long for anybody', keywords: ['x'.repeat(101)], letters: '' },
  { name: 'a file that Dovecot did not write is left alone', before: 'a Blau\n', keywords: ['Work'], letters: '' },
  { name: 'numbers beyond the letters', before: '26 Z\n', keywords: ['Work'], letters: '' },
] as readonly { name: string; before?: string; keywords: readonly string[]; letters: string; after?: string }[])
  test(name, async (t) => {
    const path = await folder(t, before)
    assert.equal(await keywordLetters(path, keywords, systemClock), letters)
    assert.equal(await named(path).catch(() => undefined), after)
    assert.deepEqual(
      (await readdir(path)).filter((file) => file.endsWith('.lock')),
      [],
    )
  })

test('many deliveries at once agree on the letters', async (t) => {
  const path = await folder(t)
  const words = Array.from({ length: 20 }, (_, i) => `k${i % 10}`)
  const letters = await Promise.all(words.map((word) => keywordLetters(path, [word], systemClock)))
  const lines = new Map(
    (await named(path))
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  )
  assert.equal(lines.size, 10)
  for (const [i, letter] of letters.entries()) assert.equal(lines.get(String(letter.charCodeAt(0) - 0x61)), words[i])
})

test('where another holds the lock new keywords are left out, and the lock stays', async (t) => {
  const path = await folder(t, '0 Blau\n')
  await writeFile(join(path, 'dovecot-uidlist.lock'), '1:elsewhere')
  assert.equal(await keywordLetters(path, ['Blau', 'Work'], impatient()), 'a')
  assert.equal(await readFile(join(path, 'dovecot-uidlist.lock'), 'utf8'), '1:elsewhere')
  assert.equal(await named(path), '0 Blau\n')
})

test('what a crash left of the new file is written over', async (t) => {
  const path = await folder(t)
  await writeFile(join(path, 'dovecot-keywords.lock'), 'half')
  assert.equal(await keywordLetters(path, ['Work'], systemClock), 'a')
  assert.equal(await named(path), '0 Work\n')
})

test('nothing is read or written through a link', async (t) => {
  const path = await folder(t)
  const other = join(await folder(t), 'secret')
  await writeFile(other, '0 Blau\n')
  await symlink(other, join(path, 'dovecot-keywords'))
  assert.equal(await keywordLetters(path, ['Blau'], systemClock), '')
  assert.equal(await readFile(other, 'utf8'), '0 Blau\n')
})

test('whatever stands in the file, letters are letters, each keyword has one of its own, and what was there stays', async (t) => {
  const seed = announceSeed('keywords of Maildirs')
  const path = await folder(t)
  const line = fc.oneof(
    fc.tuple(fc.nat(30), fc.constantFrom('a', 'B', 'c d', '$Junk')).map(([number, name]) => `${number} ${name}\n`),
    fc.string({ maxLength: 8 }),
  )
  const keywords = fc.array(fc.constantFrom('a', 'b', '$junk', 'new', 'x'.repeat(101)), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), keywords, async (lines, wanted) => {
      await writeFile(join(path, 'dovecot-keywords'), lines.join(''))
      const letters = await keywordLetters(path, wanted, systemClock)
      assert.match(letters, /^[a-z]*$/)
      const after = await named(path)
      if (after === lines.join('')) return
      for (const known of lines
        .join('')
        .split('\n')
        .filter((each) => /^(?:1?\d|2[0-5]) ./.test(each)))
        assert.ok(
          after.split('\n').some((each) => each === known || each.startsWith(`${known.split(' ')[0]} `)),
          known,
        )
    }),
    { seed, numRuns: 200 },
  )
})
