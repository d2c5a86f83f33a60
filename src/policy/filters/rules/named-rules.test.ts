// SPDX-License-Identifier: Apache-2.0
/** Proves: rules have one name each; a change touches the rules it is about and no other; order and state are as asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  deleteRule,
  enableOnly,
  enableRule,
  namedRules,
  orderRules,
  putRule,
  type RulesChange,
  ruleNamed,
} from './named-rules.ts'

const VALUES = [
  '# $Rule Info: Order=2 Name=lists\nkeep;',
  'stop;',
  '# $Rule Info: Order=0 Name=old\nkeep;',
  '# Rule Info: $Order=1 Template=vacation Name=away\nkeep;',
  '# $Rule Info: Name=lists\ndiscard;',
]

const valuesOf = (change: RulesChange): readonly string[] => {
  assert(change.kind === 'changed', JSON.stringify(change))
  return change.values
}
const shape = (values: readonly string[]): string[] => namedRules(values).map(({ name, place }) => `${place} ${name}`)

test('names and places', () => {
  assert.deepEqual(shape(VALUES), ['1 away', '2 lists', '3 rule 2', '4 rule 5', '0 old'])
})

test('put: in place, or behind', () => {
  const replaced = valuesOf(putRule(VALUES, 'lists', { text: 'discard;' }))
  assert.deepEqual(replaced, VALUES.with(0, '# $Rule Info: Order=2 Name=lists\ndiscard;'))
  const added = valuesOf(putRule(VALUES, 'new', { text: 'discard;' }))
  assert.deepEqual(added, [...VALUES, '# $Rule Info: Name=new\ndiscard;'])
  assert.equal(putRule(VALUES, 'a\nb', { text: '' }).kind, 'refused')
})

test('on and off', () => {
  const off = valuesOf(enableRule(VALUES, 'rule 2', false))
  assert.deepEqual(off, VALUES.with(1, '# $Rule Info: Order=0 Name=rule 2\nstop;'))
  assert.deepEqual(valuesOf(enableRule(VALUES, 'lists', true)), VALUES)
  assert.deepEqual(enableRule(VALUES, 'none', true), { kind: 'absent', name: 'none' })
  assert.deepEqual(shape(valuesOf(enableOnly(VALUES, 'old'))), ['1 away', '2 old', '0 lists', '0 rule 2', '0 rule 5'])
  assert.deepEqual(shape(valuesOf(enableOnly(VALUES, undefined))).slice(0, 2), ['1 away', '0 lists'])
})

test('delete', () => {
  assert.deepEqual(valuesOf(deleteRule(VALUES, 'rule 5')), VALUES.slice(0, 4))
  assert.equal(deleteRule(VALUES, 'none').kind, 'absent')
})

test('order', () => {
  const ordered = valuesOf(orderRules(VALUES, ['old', 'rule 2']))
  assert.deepEqual(shape(ordered), ['1 old', '2 rule 2', '3 away', '4 lists', '5 rule 5'])
  assert.equal(orderRules(VALUES, ['old', 'old']).kind, 'refused')
  assert.equal(orderRules(VALUES, ['none']).kind, 'absent')
})

test('any values have different names, and a rule found by its name is the one that is changed', () => {
  const infos = fc.constantFrom(
    '',
    '# $Rule Info: Name=a\n',
    '# $Rule Info: Order=1 Name=rule 2\n',
    '# $Rule Info: Order=0\n',
  )
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(infos, fc.constantFrom('keep;', 'stop;')).map((two) => two.join('')),
        { maxLength: 8 },
      ),
      fc.nat(),
      (values, pick) => {
        const all = namedRules(values)
        assert.equal(new Set(all.map(({ name }) => name)).size, values.length)
        const chosen = all[pick % Math.max(1, all.length)]
        if (chosen === undefined) return
        const put = valuesOf(putRule(values, chosen.name, { text: 'discard;' }))
        assert.deepEqual(put.filter((value, i) => value !== values[i]).length, 1)
        assert.equal(ruleNamed(put, chosen.name)?.rule.text, 'discard;')
        assert.deepEqual(valuesOf(deleteRule(values, chosen.name)), values.toSpliced(chosen.index, 1))
        const first = valuesOf(orderRules(values, [chosen.name]))
        assert.equal(namedRules(first)[0]?.name, chosen.name)
      },
    ),
    { numRuns: 200 },
  )
})

test('a name is one however its letters are composed', () => {
  const [one, two] = ['caf\u00e9', 'cafe\u0301']
  const first = valuesOf(putRule([], two, { text: 'keep;' }))
  assert.deepEqual(first, [`# $Rule Info: Name=${one}\nkeep;`])
  assert.deepEqual(valuesOf(putRule(first, two, { text: 'stop;' })), [`# $Rule Info: Name=${one}\nstop;`])
  // As another program may have written it.
  const other = [`# $Rule Info: Order=1 Name=${two}\nkeep;`]
  assert.equal(ruleNamed(other, one)?.index, 0)
  assert.equal(ruleNamed(other, two)?.index, 0)
  assert.equal(enableRule(other, two, false).kind, 'changed')
  assert.deepEqual(valuesOf(enableOnly(other, two)), other)
  assert.equal(orderRules(other, [two]).kind, 'changed')
  assert.equal(orderRules(other, [one, two]).kind, 'refused')
  assert.deepEqual(valuesOf(deleteRule(other, one)), [])
  // Two values of one name: the second is called by its place.
  assert.deepEqual(shape([other[0] ?? '', `# $Rule Info: Name=${one}\nstop;`]), [`1 ${one}`, '2 rule 2'])
})
