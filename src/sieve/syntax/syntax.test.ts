// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: a script is printed to the octet, whatever it is; changing one piece of it leaves every other octet alone; all
 * mistakes are told of at once, each with its place; nothing makes the parser fail, hang or nest too deep.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type CommandNode,
  formatDiagnostic,
  printScript,
  quoteString,
  replaceSpans,
  SIEVE_LIMITS,
  SieveEngine,
  STANDARD_EXTENSIONS,
  type StringNode,
} from '../index.ts'

const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })
const parse = (source: string, limits = {}) => engine.parse(source, { name: 's', limits })

/** The text that the only string of `keep "…";` means. */
function meant(string: string): string | undefined {
  const { ast, diagnostics } = parse(`keep ${string};`)
  const argument = ast.commands[0]?.arguments[0]
  return diagnostics.length === 0 && argument?.node === 'string' ? argument.value : undefined
}

describe('lexer', () => {
  const strings: readonly (readonly [written: string, text: string | undefined])[] = [
    ['""', ''],
    ['"a"', 'a'],
    ['"\\""', '"'],
    ['"\\\\"', '\\'],
    ['"\\a"', 'a'],
    ['"\\\\\\""', '\\"'],
    ['"a\nb"', 'a\r\nb'],
    ['"a\r\nb"', 'a\r\nb'],
    ['"ü"', 'ü'],
    ['"a', undefined],
    ['"a\\"', undefined],
    ['"a\0b"', undefined],
    ['text:\r\na\r\n.\r\n', 'a\r\n'],
    ['text:\na\n.\n', 'a\r\n'],
    ['TEXT: # note\n.\n', ''],
    ['text:\n..a\n...\n.\n', '.a\r\n..\r\n'],
    ['text:\n.a\n.\n', '.a\r\n'],
    ['text:\na\u2028..b\n.\n', 'a\u2028..b\r\n'],
    ['text:\na\n', undefined],
    ['text:\na\n .\n', undefined],
  ]
  for (const [written, text] of strings) test(JSON.stringify(written), () => assert.equal(meant(written), text))

  const numbers: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['007', 7],
    ['2K', 2048],
    ['2k', 2048],
    ['1M', 1_048_576],
    ['3G', 3_221_225_472],
    ['2147483647', 2_147_483_647],
  ]
  for (const [written, value] of numbers)
    test(written, () => {
      const argument = parse(`keep ${written};`).ast.commands[0]?.arguments[0]
      assert.equal(argument?.node === 'number' && argument.value, value)
    })

  const mistakes: readonly (readonly [source: string, code: string])[] = [
    ['keep %;', 'bad-character'],
    ['keep : ;', 'bad-character'],
    ['keep /* open', 'unclosed-comment'],
    ['keep "open', 'unclosed-string'],
    ['keep text:\nopen', 'unclosed-string'],
    ['size :over 99999999999G;', 'number-too-large'],
    [`${'a'.repeat(33)};`, 'limit-identifier-length'],
  ]
  for (const [source, code] of mistakes)
    test(source.slice(0, 30), () => assert.equal(parse(source).diagnostics[0]?.code, code))

  test('quoteString is read back', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const read = meant(quoteString(text))
        // A NUL cannot be written; line ends come back as CRLF.
        return text.includes('\0') || read === text.replace(/\r?\n/g, '\r\n')
      }),
    ))
})

/** Every script there is among the tests, and pieces of them. */
const SCRIPTS = globSync(`${import.meta.dirname}/../../../test/conformance/sieve/**/*.svtest`)

describe('printing', () => {
  for (const file of SCRIPTS)
    test(file.slice(file.lastIndexOf('/') + 1), () => {
      const source = readFileSync(file, 'utf8')
      assert.equal(printScript(parse(source).ast), source)
      // Cut anywhere, with what is broken thereby.
      for (let at = 0; at < source.length; at += 997) {
        const piece = source.slice(at, at + 500)
        assert.equal(printScript(parse(piece).ast), piece)
      }
    })

  test('anything at all is printed as it was', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => printScript(parse(text).ast) === text),
    ))

  const pieces = [
    'if',
    'keep',
    ' ',
    '\r\n',
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ',',
    ';',
    ':is',
    '"a"',
    '"',
    'text:\n',
    '.\n',
    '#',
    '/*',
    '*/',
    '1K',
    '\\',
    '\u00e9',
  ]
  test('pieces of the language in any order are printed as they were, and compile to a verdict', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (parts) => {
        const text = parts.join('')
        const compiled = engine.compile(text)
        return printScript(parse(text).ast) === text && compiled.ok === (compiled.program !== undefined)
      }),
      { numRuns: 300 },
    ))

  test('a script that is too large is printed too', () => {
    const { ast, diagnostics } = parse('keep;'.repeat(10), { scriptBytes: 20 })
    assert.equal(printScript(ast), 'keep;'.repeat(10))
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['limit-script-bytes'],
    )
  })
})

describe('replaceSpans', () => {
  const source = `# mine\r\nrequire\t"fileinto" ; \n/* odd */ if header :is "subject" [ "a" ,"b" ] { fileinto "A" ; }\n\n# end`
  const strings = (commands: readonly CommandNode[]): readonly StringNode[] =>
    commands.flatMap((command) => [
      ...command.arguments.filter((argument) => argument.node === 'string'),
      ...strings(command.block?.commands ?? []),
    ])

  test('one string changes, every other octet stays', () => {
    const string = strings(parse(source).ast.commands).find(({ value }) => value === 'A')
    assert.ok(string !== undefined)
    const changed = replaceSpans(source, [{ start: string.start, end: string.end, text: quoteString('New "x"') }])
    assert.equal(changed, source.replace('fileinto "A"', 'fileinto "New \\"x\\""'))
    assert.equal(printScript(parse(changed).ast), changed)
  })

  test('one command goes, the others stay to the octet', () => {
    const [first, second] = parse(source).ast.commands
    assert.ok(first !== undefined && second !== undefined)
    const changed = replaceSpans(source, [{ start: second.start, end: second.end, text: '' }])
    assert.equal(changed, `# mine\r\nrequire\t"fileinto" ; \n/* odd */ \n\n# end`)
    assert.equal(changed.slice(first.start, first.end), 'require\t"fileinto" ;')
  })

  test('several, in any order; overlapping ones are refused', () => {
    assert.equal(
      replaceSpans('abcdef', [
        { start: 4, end: 6, text: 'X' },
        { start: 0, end: 1, text: '' },
      ]),
      'bcdX',
    )
    assert.throws(
      () =>
        replaceSpans('abcdef', [
          { start: 0, end: 3, text: '' },
          { start: 2, end: 4, text: '' },
        ]),
      RangeError,
    )
  })
})

describe('mistakes', () => {
  const codes = (source: string): readonly string[] => engine.compile(source).diagnostics.map(({ code }) => code)

  const table: readonly (readonly [source: string, ...codes: string[]])[] = [
    ['keep', 'missing-semicolon'],
    ['keep discard;', 'missing-semicolon'],
    ['keep\ndiscard;', 'missing-semicolon'],
    ['redirect "a@example.org" keep;', 'missing-semicolon'],
    ['keep "open', 'unclosed-string'],
    ['if true { keep }', 'missing-semicolon'],
    ['if true { keep;', 'unclosed-block'],
    ['keep; } discard;', 'syntax'],
    ['if true keep;', 'missing-block', 'too-many-arguments'],
    ['if allof(true, { keep; }', 'syntax', 'syntax'],
    ['if header "a" ["b" { keep; }', 'syntax'],
    ['; keep;', 'syntax'],
    ['if { keep; }', 'missing-argument'],
    ['if true;', 'missing-block'],
    ['keep {}', 'block'],
    ['true;', 'unknown-command'],
    ['if keep { }', 'unknown-test'],
    ['else { }', 'misplaced'],
    ['keep; require "fileinto";', 'misplaced'],
    ['fileinto "a";', 'missing-require'],
    ['require "nothing";', 'unknown-extension'],
    ['redirect 1;', 'argument-type'],
    ['redirect "a@example.org" "b";', 'too-many-arguments'],
    ['redirect;', 'missing-argument'],
    ['redirect "no address";', 'address'],
    ['if header :is :contains "a" "b" { }', 'exclusive-tags'],
    ['if header :is :is "a" "b" { }', 'duplicate-tag'],
    ['if header "a" :is "b" { }', 'tag-position'],
    ['if header :comparator "a" "b" { }', 'missing-argument', 'unknown-comparator'],
    ['if header :comparator "i;none" "a" "b" { }', 'unknown-comparator'],
    ['if size 1 { }', 'missing-tag'],
    ['if header "a b" "c" { }', 'header-name'],
    ['if address "subject" "c" { }', 'header-not-address'],
  ]
  for (const [source, ...wanted] of table)
    test(source, () => assert.deepEqual([...codes(source)].toSorted(), wanted.toSorted()))

  test('all in one go, in order, each where it is', () => {
    const source = 'require "fileinto";\nfileint "A";\nif header :isnt "a" "b" { keeep; }\nredirect;\nkeep\n'
    const found = engine.compile(source, { name: 'main' }).diagnostics
    assert.deepEqual(
      found.map(({ code, line, column }) => [code, line, column]),
      [
        ['unknown-command', 2, 1],
        ['unknown-tag', 3, 11],
        ['unknown-command', 3, 27],
        ['missing-argument', 4, 1],
        ['missing-semicolon', 5, 5],
      ],
    )
  })

  test('shown with a caret below', () => {
    const source = '\tfileint "A";'
    const [diagnostic] = engine.compile(source, { name: 'main' }).diagnostics
    assert.ok(diagnostic !== undefined)
    assert.equal(
      formatDiagnostic(diagnostic, source),
      'main:1:2: error: unknown command "fileint"; did you mean "fileinto"?\n    1 | \tfileint "A";\n      | \t^^^^^^^',
    )
  })

  test('a long line is shown round the place, control characters are not', () => {
    const source = `keep; ${' '.repeat(500)}\u0007bogus;`
    const shown = formatDiagnostic(engine.compile(source).diagnostics.at(-1) ?? assert.fail(), source)
    assert.ok(!/[\u0000-\u0009\u000b-\u001f]/.test(shown))
    assert.ok(shown.split('\n').every((line) => line.length < 200))
    assert.match(shown, /\^\^\^\^\^$/)
  })

  test('their number is bounded, and an error is not pushed out by warnings', () => {
    const { ok, diagnostics } = engine.compile('bogus;'.repeat(1000))
    assert.equal(ok, false)
    assert.equal(diagnostics.length, SIEVE_LIMITS.diagnostics)
  })
})

describe('nesting', () => {
  const blocks = (depth: number): string => `${'if true {'.repeat(depth)} keep; ${'}'.repeat(depth)}`
  const tests = (depth: number): string => `if ${'not '.repeat(depth - 1)}true { keep; }`
  const code = (source: string): string | undefined => engine.compile(source).diagnostics[0]?.code
  test('blocks up to the limit', () => {
    assert.equal(code(blocks(SIEVE_LIMITS.blockNesting)), undefined)
    assert.equal(code(blocks(SIEVE_LIMITS.blockNesting + 1)), 'limit-block-nesting')
    assert.equal(code(blocks(20_000)), 'limit-block-nesting')
  })
  test('tests up to the limit', () => {
    assert.equal(code(tests(SIEVE_LIMITS.testNesting)), undefined)
    assert.equal(code(tests(SIEVE_LIMITS.testNesting + 1)), 'limit-test-nesting')
    assert.equal(code(tests(30_000)), 'limit-test-nesting')
    assert.ok(code(`if ${'allof('.repeat(20_000)}`) !== undefined)
    assert.ok(code(`if ${'('.repeat(50_000)}`) !== undefined)
    assert.ok(code(`keep ${'['.repeat(50_000)}`) !== undefined)
  })
})
