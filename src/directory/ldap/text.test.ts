// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: whatever a stranger chose stays one value in a filter or a name; LDAP URLs and times are read or refused, in
 * bounded time, without an exception.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EqualityFilter, FilterParser } from 'ldapts'
import { anyOf, equals, filterValue, generalizedTime, nameValue, parseGeneralizedTime, parseLdapUrl } from './text.ts'

const SEED = Date.now() % 2 ** 31
console.log(`LDAP texts: seed ${SEED}`)
const OPTIONS = { seed: SEED, numRuns: 500 }
const anything = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => text.isWellFormed())

for (const { value, want } of [
  { value: 'kim@example.org', want: 'kim@example.org' },
  { value: '*)(uid=*', want: '\\2a\\29\\28uid=\\2a' },
  { value: 'a\\2ab', want: 'a\\5c2ab' },
  { value: 'a\0b', want: 'a\\00b' },
])
  test(`filter value ${JSON.stringify(value)}`, () => assert.equal(filterValue(value), want))

test('a value in a filter is read back as it is, by the parser that is used', () => {
  fc.assert(
    fc.property(
      anything.filter((text) => text !== ''),
      (value) => {
        const filter = FilterParser.parseString(anyOf([equals('mail', value), equals('uid', 'x')]))
        const [first] = 'filters' in filter && Array.isArray(filter.filters) ? filter.filters : []
        assert.ok(first instanceof EqualityFilter)
        assert.equal(Buffer.from(first.value).toString(), value)
      },
    ),
    OPTIONS,
  )
})

for (const { value, want } of [
  { value: 'Lee, Kim', want: 'Lee\\, Kim' },
  { value: '#1', want: '\\#1' },
  { value: ' x ', want: '\\ x\\ ' },
  { value: 'a+b=c;"<>\\', want: 'a\\+b\\=c\\;\\"\\<\\>\\\\' },
  { value: '\0', want: '\\00' },
])
  test(`name value ${JSON.stringify(value)}`, () => assert.equal(nameValue(value), want))

test('URLs of every kind are read or refused, quickly', () => {
  fc.assert(
    fc.property(
      fc.oneof(anything, fc.string({ unit: fc.constantFrom(...'ldap:/?%()=&|2a*,!'), maxLength: 2000 })),
      (text) => {
        for (const url of [text, `ldap:///${text}`, `ldap:///o=x?mail?sub?${text}`]) {
          const read = parseLdapUrl(url)
          if (read !== undefined) assert.ok(url.length <= 1024)
        }
      },
    ),
    OPTIONS,
  )
})

for (const { text, want } of [
  { text: '20260102030405Z', want: Date.UTC(2026, 0, 2, 3, 4, 5) },
  { text: '202601020304Z', want: Date.UTC(2026, 0, 2, 3, 4) },
  { text: '2026010203Z', want: Date.UTC(2026, 0, 2, 3) },
  { text: '20260102030405.25Z', want: Date.UTC(2026, 0, 2, 3, 4, 5) },
  { text: '20260102030405+0130', want: Date.UTC(2026, 0, 2, 1, 34, 5) },
  { text: '20260102030405-05', want: Date.UTC(2026, 0, 2, 8, 4, 5) },
  { text: '20260231000000Z', want: undefined },
  { text: '20261301000000Z', want: undefined },
  { text: '20260101240000Z', want: undefined },
  { text: '20260102030405', want: undefined },
  { text: 'soon', want: undefined },
  { text: '', want: undefined },
])
  test(`time ${text}`, () => assert.equal(parseGeneralizedTime(text), want))

test('a time is read as it was written', () => {
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 })
  fc.assert(
    fc.property(seconds, (second) => assert.equal(parseGeneralizedTime(generalizedTime(second * 1000)), second * 1000)),
    OPTIONS,
  )
})
