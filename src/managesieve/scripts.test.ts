// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: whatever is done by name, scripts are what a plain table of names would hold, one is active at most, text
 * comes back as it was given, and rules of templates are never touched.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { filterEngine } from '../config/site-filters.ts'
import { printRule } from '../policy/filters/rules/index.ts'
import { scriptChecker } from './script-checker.ts'
import { parseScriptName, problemOf } from './script-name.ts'
import { type Change, Scripts } from './scripts.ts'

const seed = announceSeed('ManageSieve scripts')
const glue = (values: readonly string[]): string => values.join('---')

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'blocked'),
  // As they come out of script-name.ts.
  fc
    .string({ minLength: 1, maxLength: 6, unit: 'grapheme' })
    .map((text) => text.normalize('NFC'))
    .filter((text) => problemOf(text) === undefined),
)
const text = fc.oneof(
  fc.constantFrom(
    '',
    'keep;',
    '# $Rule Info: Order=3 Name=a\nstop;',
    '# Rule Info: $Order=0\r\n',
    '\ufeffkeep;\r\n',
    '#\n\n#x\n',
  ),
  fc.string({ maxLength: 20, unit: 'grapheme' }),
)
type Step =
  | { readonly do: 'put'; readonly name: string; readonly text: string }
  | { readonly do: 'activate' | 'delete'; readonly name: string }
  | { readonly do: 'rename'; readonly name: string; readonly to: string }
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), name, text }),
  fc.record({ do: fc.constantFrom('activate' as const, 'delete' as const), name }),
  fc.record({ do: fc.constant('activate' as const), name: fc.constant('') }),
  fc.record({ do: fc.constant('rename' as const), name, to: name }),
)

const TEMPLATES = [
  printRule({ order: 1, template: 'block', name: 'blocked', text: 'discard;\n' }),
  printRule({ order: undefined, template: 'spam', text: 'stop;\n' }),
]

/** What a table of names would say. */
class Model {
  readonly texts = new Map<string, string>()
  active = ''

  run(step: Step): Change['kind'] {
    const there = this.texts.has(step.name)
    switch (step.do) {
      case 'put':
        if (step.name === 'blocked') return 'exists'
        this.texts.set(step.name, step.text)
        return 'changed'
      case 'activate':
        if (step.name !== '' && !there) return 'nonexistent'
        this.active = step.name
        return 'changed'
      case 'delete':
        if (!there) return 'nonexistent'
        if (this.active === step.name) return 'active'
        this.texts.delete(step.name)
        return 'changed'
      case 'rename': {
        if (!there) return 'nonexistent'
        if (this.texts.has(step.to) || step.to === 'blocked') return 'exists'
        this.texts.set(step.to, this.texts.get(step.name) ?? '')
        this.texts.delete(step.name)
        if (this.active === step.name) this.active = step.to
        return 'changed'
      }
      default:
        return step satisfies never
    }
  }
}

function take(scripts: Scripts, step: Step): Change {
  switch (step.do) {
    case 'put':
      return scripts.put(step.name, step.text)
    case 'activate':
      return scripts.activate(step.name)
    case 'delete':
      return scripts.delete(step.name)
    case 'rename':
      return scripts.rename(step.name, step.to)
    default:
      return step satisfies never
  }
}

test('scripts are what a table of names would hold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const model = new Model()
      let values: readonly string[] = TEMPLATES
      for (const each of steps) {
        const change = take(new Scripts(values, glue), each)
        assert.equal(change.kind, model.run(each))
        if (change.kind === 'changed') values = change.values
        assert.deepEqual(values.slice(0, 2), TEMPLATES)
        const found = new Scripts(values, glue).list()
        assert.deepEqual(new Map(found.map((script) => [script.name, script.text])), model.texts)
        assert.deepEqual(
          found.filter(({ active }) => active).map((script) => script.name),
          model.active === '' ? [] : [model.active],
        )
      }
    }),
    { seed, numRuns: 500 },
  )
})

test('whatever is stored, there are names, each once, and one active script at most', () => {
  const info = fc.constantFrom(
    '',
    '# $Rule Info: Order=1 Name=a\n',
    '# $Rule Info: Order=0 Name=a\n',
    '# Rule Info: $Order=0 $Name=rules\n',
    '# $Rule Info: Name=x/y\n',
    '# $Rule Info: Order=-1 Template=t Name=rule 1\n',
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(info, text), { maxLength: 6 }), (stored) => {
      const values = stored.map((parts) => parts.join(''))
      const scripts = new Scripts(values, glue)
      const list = scripts.list()
      assert.equal(new Set(list.map((script) => script.name)).size, list.length)
      assert.ok(list.filter(({ active }) => active).length <= 1)
      for (const { name } of list) assert.equal(parseScriptName(Buffer.from(name)), name)
      const off = scripts.activate('')
      assert.ok(off.kind === 'changed' && off.values.length === values.length)
      assert.ok(new Scripts(off.values, glue).list().every(({ active }) => !active))
    }),
    { seed, numRuns: 1000 },
  )
})

for (const { octets, want } of [
  { octets: 'vacation', want: 'vacation' },
  { octets: 'Ju\u0308rgen', want: 'J\u00fcrgen' },
  { octets: 'n'.repeat(128), want: 'n'.repeat(128) },
  { octets: 'n'.repeat(129), want: undefined },
  { octets: '', want: undefined },
  { octets: 'a/b', want: undefined },
  { octets: 'a\0b', want: undefined },
  { octets: 'a\u0085b', want: undefined },
  { octets: 'a\u2029b', want: undefined },
  { octets: ' a', want: undefined },
  { octets: 'x Name=y', want: undefined },
  { octets: '..', want: '..' },
])
  test(`script name ${JSON.stringify(octets.slice(0, 20))}`, () => {
    const name = parseScriptName(Buffer.from(octets))
    assert.equal(typeof name === 'string' ? name : undefined, want)
  })
test('a script name that is not UTF-8', () => assert.ok(typeof parseScriptName(Buffer.from('ff', 'hex')) !== 'string'))

test('what looks wrong in a script is a warning of the language (RFC 5804 §1.3)', () => {
  const { check } = scriptChecker(filterEngine())
  const { errors, warnings } = check('require "copy"; stop; keep;', 'mine')
  assert.equal(errors, '')
  assert.match(warnings, /mine:1:9: warning: "copy" is required, and nothing here needs it/)
  assert.match(warnings, /mine:1:23: warning: nothing behind stop is reached/)
})

test('a name that another program wrote in letters of two parts is found, and its state and text are kept', () => {
  const scripts = new Scripts([printRule({ order: 0, name: 'cafe\u0301', text: 'keep;' })], glue)
  assert.deepEqual(
    scripts.list().map((script) => script.name),
    ['caf\u00e9'],
  )
  assert.equal(scripts.get('caf\u00e9')?.text, 'keep;')
  assert.equal(scripts.rename('caf\u00e9', 'tea').kind, 'changed')
  const template = new Scripts([printRule({ order: 1, template: 'block', name: 'cafe\u0301', text: '' })], glue)
  assert.equal(template.put('caf\u00e9', 'stop;').kind, 'exists')
})
