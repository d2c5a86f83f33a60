// SPDX-License-Identifier: Apache-2.0
/** Proves: sizes of patterns are found beforehand; limits hold with their own codes; mistakes are told of with their place. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SieveEngine, SieveMessage, STANDARD_EXTENSIONS } from '../index.ts'
import { patternSize } from './pattern-size.ts'
import { compilePattern } from './re2.ts'

describe('patternSize', () => {
  for (const [pattern, want] of [
    ['', 0],
    ['abc', 3],
    ['a{10}', 10],
    ['a{2,}', 2],
    ['a{0,7}', 7],
    ['(ab){10}', 40],
    ['((a{10}){10}){2}', 244],
    ['[a-z]{5}x', 6],
    ['[]a]{3}', 3],
    ['[^]a]{3}', 3],
    ['[[:alpha:]]{3}', 3],
    ['[\\]]{3}', 3],
    ['\\d{3}', 3],
    ['\\({3}', 3],
    ['a{,3}', 4],
    ['(((', 0],
    ['))) a', 8],
    ['[', 1],
    ['\\', 1],
  ] as const)
    test(`${pattern} is ${want}`, () => assert.equal(patternSize(pattern), want))

  test('is never far below what re2js makes of it', () => {
    for (const pattern of ['a{1000}'.repeat(9), '(a|b|[c-e]){300}', '((x{1,10}){1,10}y){5}', '(a(b(c(d{9}){9}){9})?)'])
      assert.ok(compilePattern(pattern, { ignoreCase: false }).size <= 3 * patternSize(pattern) + 10, pattern)
  })

  test('nested repetitions stay a number', () =>
    assert.ok(Number.isFinite(patternSize(`${'('.repeat(400)}a${'){999}'.repeat(400)}`))))
})

describe('compilePattern says what is wrong, and where', () => {
  for (const [pattern, want] of [
    ['(a)\\1', /back reference.*character 4 /],
    ['ab(?=c)', /ahead or behind.*character 3 /],
    ['(?!c)', /ahead or behind/],
    ['(?<=c)d', /ahead or behind.*character 1 /],
    ['a**', /character 2 /],
    ['a{1001}', /repeat count: \{1001\}, at character 2 /],
  ] as const)
    test(pattern, () => assert.throws(() => compilePattern(pattern, { ignoreCase: true }), { message: want }))
})

const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })

describe('limits', () => {
  const compile = (pattern: string) =>
    engine.compile(`require "regex"; if header :regex "subject" "${pattern}" { stop; }`).diagnostics
  for (const [name, pattern, codes] of [
    ['length at the limit', 'a'.repeat(1000), []],
    ['length above it', 'a'.repeat(1001), ['limit-pattern-length']],
    ['size at the limit', 'a{1000}'.repeat(10), []],
    ['size above it', `${'a{1000}'.repeat(10)}a`, ['limit-pattern-size']],
  ] as const)
    test(name, () =>
      assert.deepEqual(
        compile(pattern).map(({ code }) => code),
        codes,
      ),
    )

  test('the place is that of the pattern', () => {
    const [diagnostic] = compile('(a')
    assert.deepEqual([diagnostic?.line, diagnostic?.column, diagnostic?.endColumn], [1, 45, 49])
  })

  const run = (script: string, subject: string, limits = {}) => {
    const { program, diagnostics } = engine.compile(script)
    assert.ok(program !== undefined, JSON.stringify(diagnostics))
    const message = SieveMessage.parse(Buffer.from(`Subject: ${subject}\r\n\r\n`))
    const result = engine.createRun(program, { message, limits }).execute()
    assert.ok(!(result instanceof Promise))
    return result
  }

  test('of a pattern made of variables, in the run', () => {
    const script = `require ["regex", "variables"]; set "n" "1000"; set "p" "a{\${n}}a{\${n}}";
      if header :regex "subject" "\${p}" { stop; }`
    assert.equal(run(script, 'a', { patternSize: 1000 }).error?.code, 'limit-pattern-size')
    assert.equal(run(script, 'a', { patternLength: 5 }).error?.code, 'limit-pattern-length')
    assert.equal(run(script, 'a').status, 'ok')
  })

  test('text beyond the limit is not looked at', () => {
    const script = 'require "regex"; if header :regex "subject" "z" { discard; }'
    assert.equal(run(script, `${'a'.repeat(20)}z`, { patternInput: 20 }).actions.length, 0)
    assert.equal(run(script, `${'a'.repeat(20)}z`, { patternInput: 21 }).actions.length, 1)
  })

  test('work is counted: large patterns on large texts end the run', () => {
    const tests = 'header :regex "subject" "(x{1,500}){1,2}y",'.repeat(20)
    const script = `require "regex"; if anyof (${tests} false) { discard; }`
    assert.equal(run(script, 'x'.repeat(200_000), { steps: 20_000 }).error?.code, 'limit-steps')
  })
})
