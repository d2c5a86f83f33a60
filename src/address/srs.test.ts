// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: what was rewritten comes back as it was, through any number of forwarders; what was changed, made up, or is
 * too old does not; nothing throws.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Domain, MailAddress } from './address.ts'
import { parseAddress } from './path.ts'
import { forwardSender, reverseSender, type Srs } from './srs.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 0, 15, 12)
const srs: Srs = { domain: 'srs.example.org' as Domain, secrets: ['a secret of ours that is long'], days: 21 }
const at = (text: string): MailAddress => parseAddress(text) ?? assert.fail(`${text} is no address`)
const forward = (from: string, by = srs, now = NOW): MailAddress =>
  forwardSender(at(from), by, now) ?? assert.fail(`${from} does not fit`)
const back = (to: string, by = srs, now = NOW): string => {
  const found = reverseSender(at(to), by, now)
  return found.kind === 'reversed' ? found.address : found.kind === 'refused' ? `refused: ${found.why}` : 'none'
}

for (const from of [
  'sam@example.net',
  'Sam.Smith@Example.NET',
  'a=b=c@example.net',
  '"a b"@example.net',
  'sam@[192.0.2.1]',
  'grün@exämple.net',
  'srs@example.net',
  'srs1-x=y@example.net',
  'SRS1==@example.net',
])
  test(`${from} comes back`, () => {
    const to = forward(from)
    assert.match(to, /^"?SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=/)
    assert.equal(back(to), at(from))
  })

test('case that was lost on the way does no harm to the hash', () => {
  assert.equal(back(forward('sam@example.net').toLowerCase()), 'sam@example.net')
})

test('a second and a third forwarder add their name once, and bounces go straight to the first', () => {
  const others = ['two.example', 'three.example'].map((domain, i) => ({
    domain: domain as Domain,
    secrets: [`the secret of ${i}`],
    days: 21,
  }))
  const [two, three] = others
  assert.ok(two !== undefined && three !== undefined)
  const first = forward('s@a.example')
  const second = forward(first, two)
  const third = forward(second, three)
  assert.match(second, /^SRS1=[A-Z2-7]{6}=srs\.example\.org==[A-Z2-7]{6}=[A-Z2-7]{2}=a\.example=s@two\.example$/)
  assert.equal(second.split('=').slice(2).join('=').replace('two', 'three'), third.split('=').slice(2).join('='))
  assert.equal(back(third, three), first)
  assert.equal(back(back(second, two)), 's@a.example')
})

test('an address of another implementation goes along untouched', () => {
  const theirs = 'SRS0+abcd=ZZ=a.example=s@first.example'
  const ours = forward(theirs)
  assert.match(ours, /^SRS1=[A-Z2-7]{6}=first\.example=\+abcd=ZZ=a\.example=s@/)
  assert.equal(back(ours), theirs)
  const again = forward('SRS1=WXYZ=first.example=+abcd=ZZ=a.example=s@second.example')
  assert.equal(again.slice(12), ours.slice(12))
  assert.equal(back(again), theirs)
})

test('it is taken for so many days, a clock that is a little ahead too, and again by nobody who kept it for years', () => {
  const to = forward('sam@example.net')
  for (const days of [-1, 0, 21]) assert.equal(back(to, srs, NOW + days * DAY), 'sam@example.net', String(days))
  for (const days of [-2, 22, 1000]) assert.match(back(to, srs, NOW + days * DAY), /^refused: .*days ago/, String(days))
})

test('a secret is replaced: the old one is believed until it is taken away', () => {
  const to = forward('sam@example.net')
  const secrets = ['another secret', ...srs.secrets]
  assert.equal(back(to, { ...srs, secrets }), 'sam@example.net')
  assert.notEqual(forward('sam@example.net', { ...srs, secrets }), to)
  assert.match(back(to, { ...srs, secrets: ['another secret'] }), /^refused/)
})

test('what does not fit is not rewritten; what is of another domain or another form is not ours', () => {
  assert.equal(forwardSender(at(`${'x'.repeat(40)}@example-of-a-long-name.net`), srs, NOW), undefined)
  for (const other of ['kim@srs.example.org', 'SRS0=AAAAAA=AA=a.example=b@example.com', 'srs2=a@srs.example.org'])
    assert.equal(back(other), 'none')
})

test('one of ours is not hidden within one of ours', () => {
  const inner = forward('sam@example.net')
  const outer = forwardSender(inner, { ...srs, domain: 'other.example' as Domain }, NOW)
  assert.ok(outer !== undefined)
  // Signed by the same secret for another name: it must not lead round.
  assert.match(back(outer.replace('other.example', 'srs.example.org')), /^refused/)
})

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
test(`any address comes back, any change is refused, nothing throws (seed ${seed})`, () => {
  const word = fc.string({ unit: fc.constantFrom(...'abzAZ09=+-.!#'), minLength: 1, maxLength: 30 })
  const name = fc.string({ unit: fc.constantFrom(...'abz09'), minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(word, name, fc.nat(3000), fc.nat(), fc.constantFrom(...'bQ7=+_'), (local, host, day, place, to) => {
      const from = parseAddress(`${local}@${host}.example`)
      if (from === undefined) return
      const now = day * DAY
      const rewritten = forwardSender(from, srs, now)
      if (rewritten === undefined) return
      const found = reverseSender(rewritten, srs, now)
      assert.deepEqual(found.kind === 'reversed' && found.address.toLowerCase(), from.toLowerCase())
      const end = rewritten.lastIndexOf('@')
      const i = place % end
      const changed = parseAddress(rewritten.slice(0, i) + to + rewritten.slice(i + 1))
      if (changed === undefined || changed.toLowerCase() === rewritten.toLowerCase()) return
      assert.notEqual(reverseSender(changed, srs, now).kind, 'reversed')
    }),
    { seed, numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'srSR01=+-ABz"\\ .@'), maxLength: 40 }), (text) => {
      const to = parseAddress(`SRS0=${text}@srs.example.org`) ?? parseAddress(`"SRS1=${text}"@srs.example.org`)
      if (to === undefined) return
      assert.notEqual(reverseSender(to, srs, NOW).kind, 'reversed')
      forwardSender(to, { ...srs, domain: 'other.example' as Domain }, NOW)
    }),
    { seed, numRuns: 3000 },
  )
})
