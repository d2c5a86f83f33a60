// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates write ${…} for their own purposes
/**
 * Proves: mistakes of a template are told of in their place; an answer, whatever is in it, is one string of the script
 * and nothing else; answers that do not fit are refused with their field; a stored rule fills its form again, unless a
 * person wrote in it; the templates that are shipped work.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { SITE_EXTENSIONS, SieveEngine, SieveMessage } from '../../../sieve/index.ts'
import { glue } from '../rules/glue.ts'
import { parseRule, printRule } from '../rules/rule.ts'
import {
  checkTemplate,
  formOf,
  loadTemplates,
  parseTemplate,
  readTemplate,
  renderTemplate,
  ruleOf,
  SHIPPED_TEMPLATES,
  type Template,
} from './index.ts'

const engine = new SieveEngine({ extensions: SITE_EXTENSIONS })
const options = { engine }

const template = (fields: string, body: string): Template => {
  const text = `---\nname: t\ntitle: T\nfields:\n${fields}\n---\n${body}`
  const read = parseTemplate('t.template', text, engine)
  assert(read.template !== undefined, JSON.stringify(read.diagnostics))
  return read.template
}

const rendered = (of: Template, given: Readonly<Record<string, unknown>>): string => {
  const made = renderTemplate(of, given, options)
  assert(made.kind === 'rendered', JSON.stringify(made))
  return made.text
}

/** The texts of the strings of a script, in order. */
const strings = (text: string): string[] =>
  engine.parse(text).ast.tokens.flatMap((token) => (token.kind === 'string' ? [token.text] : []))
const kinds = (text: string): string =>
  engine
    .parse(text)
    .ast.tokens.map(({ kind }) => kind)
    .filter((kind) => kind !== 'space' && kind !== 'comment')
    .join(' ')

test('the example of the spec', () => {
  const text = `---
name: block-sender
title: "Block a sender"
fields:
  - { id: addr,   type: address,    prompt: "Address to block", required: true, max: 50, list: true }
  - { id: action, type: choice,     prompt: "Do this", required: true, values: { discard: "discard;", reject: "reject \\"Refused\\";" } }
---
require ["reject"];
if address :is "from" \${addr} { \${action} }
`
  const { template, diagnostics } = readTemplate('block-sender.template', text, options, 'block-sender')
  assert.deepEqual(diagnostics, [])
  assert(template !== undefined)
  assert.equal(
    rendered(template, { addr: ['a@example.org', '"b \\" c"@example.org'], action: 'reject' }),
    'require ["reject"];\nif address :is "from" ["a@example.org", "\\"b \\\\\\" c\\"@example.org"] { reject "Refused"; }\n',
  )
})

const F = '  - { id: x, type: string, prompt: X }'
for (const { what, text, place, says } of [
  { what: 'no front matter', text: 'keep;', place: '1:1', says: /begins with/ },
  { what: 'no end of it', text: '---\nname: t\n', place: '1:1', says: /begins with/ },
  { what: 'no YAML', text: '---\nname: [\n---\nkeep;', place: '3:1', says: /./ },
  { what: 'a key twice', text: '---\nname: t\nname: t\n---\nkeep;', place: '3:1', says: /twice/ },
  { what: 'an unknown key', text: '---\nname: t\ntitle: T\nfeilds: []\n---\nkeep;', place: '1:1', says: /feilds/ },
  { what: 'a bad name', text: '---\nname: T 1\ntitle: T\n---\nkeep;', place: '2:7', says: /lower-case/ },
  {
    what: 'an unknown type',
    text: '---\nname: t\ntitle: T\nfields:\n  - { id: x, type: colour, prompt: X }\n---\nkeep;',
    place: '5:20',
    says: /type/,
  },
  {
    what: 'a field twice',
    text: `---\nname: t\ntitle: T\nfields:\n${F}\n${F}\n---\nredirect \${x};`,
    place: '6:11',
    says: /two fields/,
  },
  {
    what: 'nothing to write',
    text: '---\nname: t\ntitle: T\nfields:\n  - { id: x, type: address, prompt: X }\n---\nredirect ${x};',
    place: '5:11',
    says: /required/,
  },
  {
    what: 'within a string',
    text: `---\nname: t\ntitle: T\nfields:\n${F}\n---\nkeep;\nredirect "\${x}";`,
    place: '8:11',
    says: /within a string/,
  },
  {
    what: 'within a text: block',
    text: `---\nname: t\ntitle: T\nfields:\n${F}\n---\nredirect text:\n\${x}\n.\n;`,
    place: '8:1',
    says: /within a string/,
  },
  {
    what: 'within a comment',
    text: `---\nname: t\ntitle: T\nfields:\n${F}\n---\n# \${x}\nredirect \${x};`,
    place: '7:3',
    says: /within a comment/,
  },
  {
    what: 'an unknown field',
    text: `---\nname: t\ntitle: T\nfields:\n${F}\n---\nredirect \${x}; redirect \${y};`,
    place: '7:25',
    says: /no field `y`/,
  },
  {
    what: 'no placeholder',
    text: `---\nname: t\ntitle: T\nfields:\n${F}\n---\nredirect \${x}; redirect \${ y };`,
    place: '7:25',
    says: /a placeholder is/,
  },
  {
    what: 'placeholders of a choice',
    text: '---\nname: t\ntitle: T\nfields:\n  - { id: x, type: choice, prompt: X, required: true, values: { a: "redirect ${y};" } }\n---\n${x}',
    place: '5:11',
    says: /of its own/,
  },
  {
    what: 'a script that does not compile',
    text: `---\nname: t\ntitle: T\nfields:\n${F}\n---\nredirect \${x};\nfileint "A";`,
    place: '8:1',
    says: /fileint/,
  },
  {
    what: 'a field in the wrong place',
    text: '---\nname: t\ntitle: T\nfields:\n  - { id: x, type: number, prompt: X, default: 1 }\n---\nredirect ${x};',
    place: '7:10',
    says: /^`x`: /,
  },
  {
    what: 'one of the choices',
    text: '---\nname: t\ntitle: T\nfields:\n  - { id: x, type: choice, prompt: X, required: true, values: { a: "keep;", b: "kepe;" } }\n---\n${x}',
    place: '7:1',
    says: /`x` \(b\): .*kepe/,
  },
  {
    what: 'a bad default',
    text: '---\nname: t\ntitle: T\nfields:\n  - { id: x, type: address, prompt: X, default: nobody }\n---\nredirect ${x};',
    place: '1:1',
    says: /default of `x`/,
  },
  { what: 'the wrong file', text: '---\nname: u\ntitle: T\n---\nkeep;', place: '1:1', says: /u\.template/ },
  { what: 'a system action', text: '---\nname: t\ntitle: T\n---\njettison;', place: '5:1', says: /jettison/ },
])
  test(`a template with a mistake: ${what}`, () => {
    const { template, diagnostics } = readTemplate('t.template', text, options, 't')
    assert.equal(template, undefined)
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    const shown = errors.map(({ line, column, message }) => ({ place: `${line}:${column}`, message }))
    assert(
      shown.some((each) => each.place === place && says.test(each.message)),
      JSON.stringify(shown),
    )
  })

test('an unused field is a warning', () => {
  const { template, diagnostics } = readTemplate('t', `---\nname: t\ntitle: T\nfields:\n${F}\n---\nkeep;`, options)
  assert(template !== undefined)
  assert.deepEqual(
    diagnostics.map(({ severity, line }) => `${severity} ${line}`),
    ['warning 5'],
  )
})

const ONE = template(F, 'require "fileinto";\nif header :is "subject" ${x} { discard; }')

for (const value of [
  '"; discard; "',
  '\\',
  '\\"',
  '${other}',
  '${x}',
  '"] { discard; } #',
  '*/',
  'text:',
  '\u2028\u202e"',
  'é😀',
  '\t',
  ' ',
])
  test(`an answer stays one string: ${JSON.stringify(value)}`, () => {
    assert.deepEqual(strings(rendered(ONE, { x: value })), ['fileinto', 'subject', value])
  })

for (const { value, says } of [
  { value: 'a\nb', says: /one line/ },
  { value: 'a\rdiscard;', says: /one line/ },
  { value: 'a\0', says: /NUL/ },
  { value: '\ud800', says: /Unicode/ },
  { value: 'x'.repeat(1001), says: /at most 1000/ },
  { value: ['a'], says: /not several/ },
  { value: { a: 1 }, says: /text/ },
])
  test(`an answer that is refused: ${JSON.stringify(value).slice(0, 40)}`, () => {
    const made = renderTemplate(ONE, { x: value }, options)
    assert(made.kind === 'refused')
    assert.equal(made.problems[0]?.field, 'x')
    assert.match(made.problems[0]?.message ?? '', says)
  })

const IN_HEADER = 'if header :is "a" ${x} { keep; }'
for (const { type, more = '', body = IN_HEADER, good, bad } of [
  { type: 'address', good: { 'kim@Example.ORG': '"kim@example.org"' }, bad: ['kim', 'a@b, c@d', '<a@b>', 'a@b\n'] },
  { type: 'domain', good: { 'Example.org': '"example.org"' }, bad: ['a b', '-', 'a@b'] },
  { type: 'header-name', good: { 'X-Spam': '"X-Spam"', '"': '"\\""' }, bad: ['a:b', 'a b', 'é'] },
  { type: 'folder', good: { 'Lists.Kochen & mehr': '"Lists.Kochen & mehr"' }, bad: [' ', '\u0007', 'a\u009fb'] },
  {
    type: 'number',
    more: ', min: 2, max: 9',
    body: 'if size :over ${x} {}',
    good: { 2: '2', '09': '9' },
    bad: ['1', '10', '1.5', '-2', '2;', '1e0', true],
  },
  {
    type: 'size',
    more: ', max: 4096',
    body: 'if size :over ${x} {}',
    good: { '2k': '2K', 17: '17' },
    bad: ['1X', '5K', '1 K', '99999999999G', '-1'],
  },
  { type: 'boolean', body: 'if ${x} {}', good: { yes: 'true', 0: 'false' }, bad: ['maybe', 'true; discard', 7] },
  { type: 'date', good: { '2024-02-29': '"2024-02-29"' }, bad: ['2023-02-29', '2026-1-1', 'today'] },
  {
    type: 'choice',
    more: ', values: { one: keep;, two: stop; }',
    body: '${x}',
    good: { one: 'keep;' },
    bad: ['keep;', '__proto__', 'toString'],
  },
])
  test(`a field of type ${type}`, () => {
    const of = template(`  - { id: x, type: ${type}, prompt: X, required: true${more} }`, body)
    for (const [value, want] of Object.entries(good))
      assert.equal(
        rendered(of, { x: value }),
        body.replace('${x}', () => want),
      )
    for (const value of bad) {
      const made = renderTemplate(of, { x: value }, options)
      assert.equal(made.kind, 'refused', String(value))
      assert.deepEqual(made.kind === 'refused' && made.problems.map(({ field }) => field), ['x'])
    }
  })

test('number, size, boolean, choice and date as they stand in a script', () => {
  const of = template(
    [
      '  - { id: n, type: number, prompt: N, default: 7 }',
      '  - { id: s, type: size, prompt: S, default: 5m }',
      '  - { id: b, type: boolean, prompt: B }',
      '  - { id: c, type: choice, prompt: C, list: true, default: [keep it, mark it], values: { keep it: keep;, mark it: stop; } }',
      '  - { id: d, type: date, prompt: D, default: "2026-11-24" }',
    ].join('\n'),
    'require ["vacation", "date"];\nif allof(size :over ${s}, ${b}, currentdate :is "date" ${d}) { vacation :days ${n} "x"; ${c} }',
  )
  assert.equal(
    rendered(of, { b: 'yes' }),
    'require ["vacation", "date"];\nif allof(size :over 5M, true, currentdate :is "date" "2026-11-24") { vacation :days 7 "x"; keep; stop; }',
  )
})

test('a list: entries are bounded, none is no answer', () => {
  const of = template('  - { id: x, type: string, prompt: X, list: true, max: 2, required: true }', 'redirect ${x};')
  for (const x of [[], ['a', 'b', 'c'], ['a', ''], ['a', ['b']], undefined])
    assert.equal(renderTemplate(of, { x }, options).kind, 'refused', JSON.stringify(x))
  const many = template('  - { id: x, type: string, prompt: X, list: true, required: true }', 'if header "a" ${x} {}')
  assert.equal(renderTemplate(many, { x: Array.from({ length: 65 }, () => 'a') }, options).kind, 'refused')
  assert.equal(rendered(many, { x: 'a' }), 'if header "a" ["a"] {}')
})

test('an answer the language refuses is refused with its field', () => {
  const of = template('  - { id: x, type: string, prompt: X, required: true }', 'keep;\nredirect ${x};')
  assert.deepEqual(
    Object.entries(renderTemplate(of, { x: 'nobody' }, options)).map(([, value]) =>
      Array.isArray(value) ? value.map(({ field }) => field) : value,
    ),
    ['refused', ['x']],
  )
})

test('an unknown field is refused', () => {
  assert.deepEqual(renderTemplate(ONE, { x: 'a', y: 'b' }, options), {
    kind: 'refused',
    problems: [{ field: 'y', message: 'there is no such field' }],
  })
})

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        '${',
        '}',
        '${hex:22}',
        '${x}',
        '.',
        '\n',
        '\r',
        '\0',
        ';',
        'discard;',
        '*/',
        '#',
        'text:',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

for (const { what, require } of [
  { what: 'without extensions', require: 'require "reject";' },
  { what: 'with variables', require: 'require ["reject", "variables"];' },
  { what: 'with encoded characters', require: 'require ["reject", "encoded-character"];' },
  { what: 'with both', require: 'require ["reject", "encoded-character", "variables"];' },
])
  test(`no answer breaks out, ${what}`, async () => {
    const of = template(
      '  - { id: x, type: string, prompt: X }\n  - { id: y, type: text, prompt: Y }\n  - { id: z, type: string, prompt: Z, list: true, required: true }',
      `${require}\nif not header :is "subject" \${z} { reject \${y}; }\nif header :is "a" \${x} { stop; }`,
    )
    const shape = kinds(rendered(of, { z: ['a', 'b'] }))
    const message = SieveMessage.parse(Buffer.from('Subject: s\r\n\r\n'))
    fc.assert(
      fc.property(hostile, hostile, hostile, (x, y, z) => {
        const made = renderTemplate(of, { x, y, z: [z, 'b'] }, options)
        if (made.kind === 'refused') {
          assert(
            made.problems.every(({ field }) => field !== undefined),
            JSON.stringify(made),
          )
          return
        }
        assert.equal(kinds(made.text), shape)
        // What a reader gets is what was written, to the letter.
        const { program } = engine.compile(made.text, { level: 'user' })
        assert(program !== undefined)
        const outcome = engine.createRun(program, { message, clock: () => 0, limits: { textBytes: 1e6 } }).execute()
        assert(!(outcome instanceof Promise))
        const [action] = outcome.actions
        const said = made.answers['y']
        if (action !== undefined && 'reason' in action.args && typeof said === 'string')
          assert.equal(action.args.reason, `${said.replaceAll('\n', '\r\n')}\r\n`)
      }),
      { numRuns: 150 },
    )
  })

test('a rule keeps its answers, and fills the form again', () => {
  const templates = new Map([['t', ONE]])
  fc.assert(
    fc.property(hostile, (x) => {
      const made = ruleOf(ONE, { x }, options)
      if (made.kind === 'refused') return
      const value = printRule({ order: 1, name: 'mine', ...made.rule })
      const form = formOf(parseRule(value), templates)
      assert(form.kind === 'form')
      assert.deepEqual(form.values, { x })
      const again = ruleOf(form.template, form.values, options)
      assert(again.kind === 'made')
      assert.equal(printRule({ order: 1, name: 'mine', ...again.rule }), value)
      assert.deepEqual(glue([value], { engine }).dropped, [])
      const stored = parseRule(value)
      assert.equal(formOf({ ...stored, text: `${stored.text} keep;` }, templates).kind, 'edited')
    }),
    { numRuns: 150 },
  )
  assert.equal(formOf(parseRule('# $Rule Info: Template=gone Name=x\nkeep;'), templates).kind, 'unknown-template')
  assert.equal(formOf(parseRule('# $Rule Info: Template=t Name=x\nkeep;'), templates).kind, 'edited')
  assert.equal(formOf(parseRule('# $Rule Info: Name=x\nkeep;'), templates).kind, 'script')
})

test('any file is read without throwing', () => {
  const pieces = fc.constantFrom(
    '---',
    'name: t',
    'title: T',
    'fields:',
    F,
    '  - {',
    '${x}',
    '"',
    '/*',
    'text:',
    '\0',
    'a: &a [*a]',
    '',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 15 }), (lines) => {
      const { template } = parseTemplate('t', lines.join('\n'), engine)
      if (template !== undefined) checkTemplate(template, options)
    }),
    { numRuns: 300 },
  )
})

test('the templates that are shipped work, and ask in plain words', async () => {
  const { templates, diagnostics } = await loadTemplates([SHIPPED_TEMPLATES], options)
  assert.deepEqual(diagnostics, [])
  assert(templates.size >= 8)
  for (const { name, title, source } of templates.values()) {
    assert(title.length < 60, name)
    assert.equal(source.text, await readFile(join(SHIPPED_TEMPLATES, `${name}.template`), 'utf8'))
  }
  assert.deepEqual((await loadTemplates(['/nonexistent'], options)).templates.size, 0)
})
