// SPDX-License-Identifier: Apache-2.0
/** Proves: a compiled script keeps no tree, and still knows where each word and argument stands; words alike share. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CompiledWord,
  SieveEngine,
  SieveMessage,
  STANDARD_EXTENSIONS,
  type TraceStep,
  type WordDef,
} from './index.ts'

const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })

function compile(source: string): readonly CompiledWord[] {
  const compiled = engine.compile(source, { name: 'main' })
  assert.ok(compiled.ok, JSON.stringify(compiled.diagnostics))
  return compiled.program.block
}

for (const { source, argument, index, want } of [
  { source: 'redirect "a@b.example";', argument: 'address', want: '"a@b.example"' },
  { source: 'redirect /* to */ :copy\n "a@b.example";', argument: 'copy', want: ':copy' },
  { source: 'fileinto :flags ["a", "b"] "x";', argument: 'flags', want: '["a", "b"]' },
  { source: 'fileinto :flags ["a", "b"] "x";', argument: 'flags', index: 1, want: '"b"' },
  { source: 'fileinto :flags "a" "x";', argument: 'flags', index: 0, want: '"a"' },
  { source: 'reject text:\nx\n.\n;', argument: 'reason', want: 'text:\nx\n.\n' },
  { source: 'setflag "v" ["a"];', argument: 'variable', want: '"v"' },
  { source: 'setflag "a";', argument: 'flags', want: '"a"' },
  { source: 'setflag "a";', argument: 'variable', want: 'setflag' },
])
  test(`the place of ${argument}${index === undefined ? '' : ` ${index}`} in ${JSON.stringify(source)}`, () => {
    const script = `require ["copy", "fileinto", "imap4flags", "variables", "reject"]; ${source}`
    const word = compile(script).at(-1)
    const { start = 0, end = 0 } = word?.spanOf(argument, index) ?? {}
    assert.equal(script.slice(start, end), want)
    assert.deepEqual(word?.place, { script: 'main', line: 1, column: 68 })
  })

test('a script that many runs include is compiled once, until it changes', async () => {
  let checked = 0
  const word: WordDef = { name: 'counted', kind: 'command', validate: () => void checked++, execute: () => undefined }
  const counting = new SieveEngine({ extensions: [...STANDARD_EXTENSIONS, { name: '', words: [word] }] })
  const { program } = counting.compile('require "include"; include "a";')
  assert.ok(program !== undefined)
  const included = async (text: string) =>
    await counting
      .createRun(program, { message: SieveMessage.parse(Buffer.from('\r\n')) })
      .execute({ 'sieve.include': () => ({ kind: 'found', value: text }) })
  for (const text of ['counted;', 'counted;', 'counted; stop;', 'counted;'])
    assert.equal((await included(text)).status, 'ok')
  assert.equal(checked, 3)
})

test('a trace can be of the tests that held alone', () => {
  const source = 'if header "a" "x" { keep; } if anyof (header "a" ["z", "y"], header "a" "w") { discard; }'
  const steps = (traceHeld: boolean): readonly string[] => {
    const { program } = engine.compile(source)
    assert.ok(program !== undefined)
    const seen: string[] = []
    const message = SieveMessage.parse(Buffer.from('a: y\r\n\r\n'))
    const trace = ({ step, name, column, compared = [] }: TraceStep): void =>
      void seen.push(`${step} ${name} ${column} ${compared.map(({ value, key }) => `${value}=${key}`).join()}`.trim())
    engine.createRun(program, { message, trace, traceHeld }).execute()
    return seen
  }
  assert.deepEqual(steps(true), ['test header 39 y=y', 'test anyof 32', 'action discard 80'])
  assert.deepEqual(steps(false).slice(0, 3), ['command if 1', 'test header 4 y=undefined', 'command if 29'])
})

test('words that are written alike share their shape, and names of fields', () => {
  const tests = compile('if header :contains "subject" "a" { stop; } if header :contains "subject" "b" { stop; }').map(
    (word) => word.value('test') as CompiledWord,
  )
  const [a, b] = tests
  assert.equal(a?.shape, b?.shape)
  assert.equal(a?.value('header-names'), b?.value('header-names'))
  assert.notEqual(a?.value('keys'), b?.value('keys'))
})

test('the tree of a program is read again, to the octet', () => {
  const source = 'keep; # kept\nif true { stop; }'
  const compiled = engine.compile(source)
  assert.ok(compiled.ok)
  assert.equal(compiled.program.ast.tokens.map(({ start, end }) => source.slice(start, end)).join(''), source)
})
