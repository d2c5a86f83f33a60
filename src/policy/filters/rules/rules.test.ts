// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: Rule Info is read in both spellings and written so that it is read again; hostile values never throw; rules
 * run in their order; gluing keeps every line in its place, drops what is invalid, and gives a script that compiles.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SieveEngine, SieveMessage, STANDARD_EXTENSIONS } from '../../../sieve/index.ts'
import { glue, runOrder } from './glue.ts'
import { hashText, isEdited, isRuleName, parseRule, printRule, type Rule } from './rule.ts'

const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })

for (const { value, rule } of [
  { value: 'keep;', rule: { order: undefined, text: 'keep;' } },
  {
    value: '# $Rule Info: Order=2 Template=file-list Name=The list\nkeep;',
    rule: { order: 2, template: 'file-list', name: 'The list', text: 'keep;' },
  },
  {
    value: '# Rule Info: $Order=2 Template=file-list Name=The list\r\nkeep;\r\n',
    rule: { order: 2, template: 'file-list', name: 'The list', text: 'keep;\r\n' },
  },
  { value: '# $Rule Info: Order=0 Name=off\nkeep;', rule: { order: 0, name: 'off', text: 'keep;' } },
  { value: '# $Rule Info: Order=-3 Name=x\nkeep;', rule: { order: undefined, name: 'x', text: 'keep;' } },
  { value: '# $Rule Info: Order=first\nkeep;', rule: { order: undefined, text: 'keep;' } },
  { value: '# $Rule Info: Order=99999999999999999999\nkeep;', rule: { order: undefined, text: 'keep;' } },
  { value: '#$rule info: order=1\nkeep;', rule: { order: 1, text: 'keep;' } },
  { value: '# by hand\n\n# $Rule Info: Order=1\nkeep;', rule: { order: 1, text: '# by hand\n\nkeep;' } },
  { value: 'keep; \n# $Rule Info: Order=1', rule: { order: undefined, text: 'keep; \n# $Rule Info: Order=1' } },
  { value: '# $Rule Info: Name=a\u0000b\nkeep;', rule: { order: undefined, text: 'keep;' } },
  {
    value: '# $Rule Info: Order=1 Template=t\n# $Fields: nonsense\nkeep;',
    rule: { order: 1, template: 't', text: 'keep;' },
  },
  {
    value: '# $Rule Info: Order=1 Template=t\n# $Fields: {"hash":"h","values":{"a":["b"]}}\nkeep;',
    rule: { order: 1, template: 't', fields: { hash: 'h', values: { a: ['b'] } }, text: 'keep;' },
  },
  // Fields belong to a template; elsewhere they are a comment of the script.
  { value: '# $Rule Info: Order=1\n# $Fields: {}\nkeep;', rule: { order: 1, text: '# $Fields: {}\nkeep;' } },
  { value: '', rule: { order: undefined, text: '' } },
])
  test(`parseRule ${JSON.stringify(value)}`, () => {
    const { name, template, fields, ...rest } = parseRule(value)
    const got = { ...rest, ...(name && { name }), ...(template && { template }), ...(fields && { fields }) }
    assert.deepEqual(got, rule)
  })

test('a rule is written in the first spelling', () => {
  const text = 'keep;\n'
  const fields = { hash: hashText(text), values: { reason: 'a\nb\u2028"\u0000' } }
  const value = printRule({ order: 3, template: 'vacation', name: 'Away until May', fields, text })
  assert.match(value, /^# \$Rule Info: Order=3 Template=vacation Name=Away until May\n# \$Fields: \{[^\n]+\}\nkeep;\n$/)
  assert.deepEqual(parseRule(value).fields, fields)
  assert.equal(isEdited(parseRule(value)), false)
  assert.equal(isEdited(parseRule(value.replaceAll('\n', '\r\n'))), false)
  assert.equal(isEdited(parseRule(value.replace('keep;', 'discard;'))), true)
})

test('names that could not be read back are refused', () => {
  for (const name of ['', ' a', 'a ', 'a\nb', 'a\u0000', 'x Order=1', 'Template=x', '\ud800', 'a'.repeat(129)]) {
    assert.equal(isRuleName(name), false, JSON.stringify(name))
    assert.throws(() => printRule({ order: 1, name, text: '' }), RangeError)
  }
})

const names = fc.string({ unit: 'grapheme', maxLength: 20 }).filter(isRuleName)
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom('keep;', '# $Rule Info: Order=7 Name=in the text', '# $Fields: {}', '# $Rule Info:', '', 'stop;'),
      fc.string({ unit: 'binary', maxLength: 30 }),
    ),
    { maxLength: 6 },
  )
  .chain((lines) => fc.constantFrom('\n', '\r\n').map((end) => lines.join(end)))
const rules: fc.Arbitrary<Rule> = fc
  .record(
    {
      order: fc.option(fc.nat(999_999), { nil: undefined }),
      name: names,
      template: names,
      fields: fc.record({ hash: fc.string(), values: fc.dictionary(fc.string(), fc.jsonValue()) }),
      text: texts,
    },
    { requiredKeys: ['order', 'text'] },
  )
  .map(({ fields, ...rule }) => (rule.template === undefined || fields === undefined ? rule : { ...rule, fields }))

test('what is written is read again', () => {
  fc.assert(
    fc.property(rules, (rule) => {
      const read = parseRule(printRule(rule))
      assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(rule)))
      assert.equal(read.text, rule.text)
    }),
    { numRuns: 500 },
  )
})

test('any value is read, and written so that it reads the same', () => {
  fc.assert(
    fc.property(texts, (value) => {
      const rule = parseRule(value)
      assert.deepEqual(parseRule(printRule(rule)), rule)
    }),
    { numRuns: 500 },
  )
})

test('order: 1 first, 0 off, negative and none behind, ties as they lie', () => {
  const value = (info: string): string => `${info}\nkeep;`
  const values = [
    value('# no info'),
    value('# $Rule Info: Order=2'),
    value('# Rule Info: $Order=1'),
    value('# $Rule Info: Order=0'),
    value('# $Rule Info: Order=-1'),
    value('# $Rule Info: Order=2 Name=tie'),
  ]
  assert.deepEqual(runOrder(values), [2, 1, 5, 0, 4])
  assert.deepEqual(glue(values, { engine }).order, [2, 1, 5, 0, 4])
})

test('require is hoisted, bodies keep their octets, invalid rules are left out', () => {
  const values = [
    'require ["fileinto", "copy"]; # mine\r\nfileinto :copy "A";\r\n',
    'nonsense!',
    '# $Rule Info: Order=1 Name=first\nrequire "fileinto";\n\nif true {\n  fileinto "B";\n}',
    '\ufeffstop;',
  ]
  const glued = glue(values, { engine })
  assert.equal(
    glued.text,
    'require ["fileinto", "copy"];\n'
      .concat('# $Rule Info: Order=1 Name=first\n                   \n\nif true {\n  fileinto "B";\n}\n')
      .concat(`${' '.repeat(29)} # mine\r\nfileinto :copy "A";\r\n`, ' stop;\n'),
  )
  assert.deepEqual(glued.order, [2, 0, 3])
  assert.deepEqual(
    glued.dropped.map(({ index }) => index),
    [1],
  )
  assert.equal(glued.dropped[0]?.diagnostics[0]?.scriptName, 'rule 2')
  assert.deepEqual([1, 2, 6, 8, 9, 10, 11].map(glued.placeOf), [
    undefined,
    { index: 2, line: 1 },
    { index: 2, line: 5 },
    { index: 0, line: 1 },
    { index: 0, line: 2 },
    { index: 3, line: 1 },
    undefined,
  ])
})

test('a byte order mark behind the comment of the rule is a blank', () => {
  const glued = glue(['# $Rule Info: Name=windows\n\ufeffkeep;\n', '\ufeff# \ufeff\nstop;'], { engine })
  assert.deepEqual(glued.dropped, [])
  assert.equal(glued.text, '\n# $Rule Info: Name=windows\n keep;\n # \ufeff\nstop;\n')
})

test('nothing on is no script', () => {
  for (const values of [[], ['# $Rule Info: Order=0\nkeep;'], ['broken']]) {
    const { text, program } = glue(values, { engine })
    assert.deepEqual({ text, program }, { text: '', program: undefined })
  }
})

const mailbox = async (values: readonly string[]): Promise<unknown> => {
  const { program } = glue(values, { engine })
  assert(program !== undefined)
  const run = engine.createRun(program, {
    message: SieveMessage.parse(Buffer.from('Subject: x\r\n\r\n')),
    clock: () => 0,
  })
  const { actions } = await run.execute()
  return actions.map(({ args }) => ('mailbox' in args ? args.mailbox : 'reason' in args ? args.reason : undefined))
}

for (const { what, values, want } of [
  {
    what: 'a dollar and a brace stay text beside a rule with variables',
    values: ['require "fileinto"; fileinto "a${x}$\\{y}";', 'require "variables"; set "x" "oops";'],
    want: ['a${x}${y}'],
  },
  {
    what: 'and beside one with encoded characters',
    values: [
      'require "fileinto"; fileinto "${hex:41}";',
      'require ["fileinto", "encoded-character"]; fileinto "${hex:42}";',
    ],
    want: ['${hex:41}', 'B'],
  },
  {
    what: 'and beside one with both',
    values: [
      'require "fileinto"; fileinto "${hex:41}${x}";',
      'require ["encoded-character", "variables"]; set "x" "${hex:42}";',
    ],
    want: ['${hex:41}${x}'],
  },
  {
    what: 'variables of a rule with variables beside encoded characters',
    values: [
      'require ["fileinto", "variables"]; set "x" "1"; fileinto "${x}${hex:41}";',
      'require ["fileinto", "encoded-character"]; fileinto "${hex:42}${x}";',
    ],
    want: ['1${hex:41}', 'B${x}'],
  },
  {
    what: 'a text: block',
    values: ['require "reject"; reject text:\n..${x}\n.\n;', 'require "variables"; set "x" "oops";'],
    want: ['.${x}\r\n'],
  },
  {
    what: 'stop ends all',
    values: ['require "fileinto"; fileinto "A"; stop;', 'require "fileinto"; fileinto "B";'],
    want: ['A'],
  },
])
  test(`glued: ${what}`, async () => {
    const reached = await mailbox(values)
    assert.deepEqual(reached, want)
  })

test('rules beyond what a script may hold are dropped and told of', () => {
  const value = `# ${'x'.repeat(100)}\nkeep;`
  const { order, dropped } = glue([value, value, value], { engine, limits: { scriptBytes: 250 } })
  assert.deepEqual({ order, dropped: dropped.map(({ index }) => index) }, { order: [0, 1], dropped: [2] })
  assert.equal(dropped[0]?.diagnostics[0]?.code, 'limit-script-bytes')
})

const bodies = fc.constantFrom(
  'keep;',
  'require "fileinto";\nfileinto "A${b}";',
  'require ["variables", "fileinto"]; set "a" "b";\r\nfileinto "${a}";',
  'require "encoded-character"; # c\nif header "s" "${hex:24}" { discard; }',
  'require "imap4flags"; setflag "\\\\Seen";',
  'require "vacation"; vacation :handle "${x}" text:\nhi\n.\n;',
  'broken',
  '# only a comment',
  '',
)
const infos = fc.constantFrom(
  '',
  '# $Rule Info: Order=1\n',
  '# $Rule Info: Order=0 Name=x\n',
  '# $Rule Info: Order=2\r\n',
)

test('what is glued compiles, each line of it is a line of a rule, and each rule that is on is in or dropped', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(infos, bodies).map((parts) => parts.join('')),
        { maxLength: 8 },
      ),
      (values) => {
        const { text, program, order, dropped, placeOf } = glue(values, { engine })
        assert.deepEqual([...order, ...dropped.map(({ index }) => index)].sort(), runOrder(values).toSorted())
        if (text === '') return assert.equal(order.length, 0)
        assert(program !== undefined)
        const lines = text.split('\n')
        const seen: number[] = []
        for (let line = 2; line < lines.length; line++) {
          const place = placeOf(line)
          assert(place !== undefined)
          if (seen.at(-1) !== place.index) seen.push(place.index)
          const original = (values[place.index] ?? '').split('\n')[place.line - 1]
          assert(original !== undefined)
          if (!/require|\$\{/.test(original)) assert.equal(lines[line - 1], original)
        }
        assert.deepEqual(seen, order)
      },
    ),
    { numRuns: 200 },
  )
})

test('hostile values neither throw nor take long', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 10 }), (values) => {
      glue(values, { engine })
    }),
    { numRuns: 200 },
  )
  const long = `# $Rule Info: Order=1 Template=${' '.repeat(50_000)}Name=x${'\n#'.repeat(50_000)}`
  assert.equal(parseRule(long).order, 1)
})
