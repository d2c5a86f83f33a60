// SPDX-License-Identifier: Apache-2.0
/** Proves: wildcards match as a slow but plain definition says, and take as little as they can; comparators order totally. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ComparatorDef } from '../index.ts'
import { ASCII_CASEMAP, ASCII_NUMERIC, compareCodePoints, OCTET, UNICODE_CASEMAP } from './comparators.ts'
import { literalOf, matchLiteral, matchUnits, parseWildcards, slotRanges, starRanges } from './wildcard.ts'

const characters = (text: string): readonly string[] => [...text]
const same = (text: string): string => text

/** What each wildcard took, or nothing. Both ways must agree where there is no `?`. */
function match(key: string, value: string): readonly string[] | undefined {
  const pattern = parseWildcards(key, same, characters)
  const units = characters(value)
  const starts = matchUnits(pattern, units, () => {})
  const taken =
    starts === undefined ? undefined : slotRanges(pattern, starts).map(([from, to]) => units.slice(from, to).join(''))
  const literal = literalOf(pattern)
  if (literal !== undefined) {
    const found = matchLiteral(literal, value)
    const also = found === undefined ? undefined : starRanges(literal, found).map(([from, to]) => value.slice(from, to))
    assert.deepEqual(also, taken)
  }
  return taken
}

/** RFC 5228 §2.7.1 word by word, trying the shortest run for each star first (RFC 5229 §3.2); exponential. */
function slow(key: string, value: string): readonly string[] | undefined {
  if (key === '') return value === '' ? [] : undefined
  const [first = '', second = ''] = key
  if (first === '*') {
    for (let length = 0; length <= value.length; length++) {
      const rest = slow(key.slice(1), value.slice(length))
      if (rest !== undefined) return [value.slice(0, length), ...rest]
    }
    return undefined
  }
  if (value === '') return undefined
  const rest = (skip: number): readonly string[] | undefined => slow(key.slice(skip), value.slice(1))
  if (first === '?') {
    const behind = rest(1)
    return behind === undefined ? undefined : [value[0] ?? '', ...behind]
  }
  if (first === '\\' && second !== '') return second === value[0] ? rest(2) : undefined
  return first === value[0] ? rest(1) : undefined
}

describe('wildcards', () => {
  for (const [key, value, want] of [
    ['', '', []],
    ['', 'a', undefined],
    ['a', 'a', []],
    ['*', '', ['']],
    ['*', 'abc', ['abc']],
    ['?', '', undefined],
    ['?', 'é', ['é']],
    ['?', '😀', ['😀']],
    ['**', 'ab', ['', 'ab']],
    ['a*b*c', 'aXbYbZc', ['X', 'YbZ']],
    ['*a', 'aaa', ['aa']],
    ['a*', 'aaa', ['aa']],
    ['*a*', 'bab', ['b', 'b']],
    ['*??', 'abc', ['a', 'b', 'c']],
    ['\\*', '*', []],
    ['\\*', 'a', undefined],
    ['\\?', '?', []],
    ['\\\\', '\\', []],
    ['a\\', 'a\\', []],
    ['ab*ba', 'aba', undefined],
    ['ab*ba', 'abba', ['']],
    ['*aab*', 'aaab', ['a', '']],
  ] as const)
    test(`${key} on ${JSON.stringify(value)}`, () => assert.deepEqual(match(key, value), want))

  test('as the definition says', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\'), maxLength: 8 })
    const value = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\'), maxLength: 8 })
    fc.assert(
      fc.property(key, value, (k, v) => assert.deepEqual(match(k, v), slow(k, v))),
      { numRuns: 3000 },
    )
  })
})

const COMPARATORS: readonly ComparatorDef[] = [OCTET, ASCII_CASEMAP, ASCII_NUMERIC, UNICODE_CASEMAP]

describe('comparators', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'A', 'z', '0', '1', '9', ' ', 'é', 'É', 'ß', '\uffff', '😀'),
    maxLength: 6,
  })
  for (const comparator of COMPARATORS) {
    const { fold, compare } = comparator
    test(`${comparator.name}: a total order, in which equal texts have one normal form`, () =>
      fc.assert(
        fc.property(text, text, text, (a, b, c) => {
          const [x, y, z] = [fold(a), fold(b), fold(c)]
          assert.equal(Math.sign(compare(x, y)), -Math.sign(compare(y, x)) + 0)
          assert.equal(compare(x, y) === 0, x === y)
          if (compare(x, y) <= 0 && compare(y, z) <= 0) assert.ok(compare(x, z) <= 0)
        }),
        { numRuns: 1000 },
      ))
  }

  test('i;octet is the order of octets of UTF-8', () =>
    fc.assert(
      fc.property(text, text, (a, b) =>
        assert.equal(Math.sign(compareCodePoints(a, b)), Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))),
      ),
    ))

  for (const [{ name, fold, compare }, a, b, want] of [
    [OCTET, 'a', 'A', 1],
    [ASCII_CASEMAP, 'aé', 'Aé', 0],
    [ASCII_CASEMAP, 'é', 'É', 1],
    [ASCII_CASEMAP, '_', 'a', 1],
    [ASCII_NUMERIC, '0010x', '10', 0],
    [ASCII_NUMERIC, '9', '10', -1],
    [ASCII_NUMERIC, '', 'x', 0],
    [ASCII_NUMERIC, 'x', '9'.repeat(50), 1],
    [ASCII_NUMERIC, '-5', '5', 1],
    [ASCII_NUMERIC, `${'9'.repeat(40)}1`, `${'9'.repeat(40)}2`, -1],
    [ASCII_NUMERIC, '0', '000', 0],
    [UNICODE_CASEMAP, 'é', 'É', 0],
    [UNICODE_CASEMAP, 'e\u0301', 'É', 0],
    [UNICODE_CASEMAP, 'ﬁ', 'FI', 0],
  ] as const)
    test(`${name}: ${a.slice(0, 10)} and ${b.slice(0, 10)}`, () =>
      assert.equal(Math.sign(compare(fold(a), fold(b))), want))
})
