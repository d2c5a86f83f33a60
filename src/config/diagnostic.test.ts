// SPDX-License-Identifier: Apache-2.0
/** Proves: frames point at the place, long and hostile lines included. Golden texts stand in diagnostic.test.ts.snapshot. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Diagnostic, formatDiagnostic, formatDiagnostics, lineAt } from './diagnostic.ts'

const base: Diagnostic = {
  code: 'unknown-key',
  severity: 'error',
  file: 'postern.yaml',
  line: 2,
  column: 3,
  length: 7,
  message: 'unknown key `hostnam` in `server`',
  reason: 'unknown keys are refused',
  fix: 'did you mean `hostname`?',
}
const source = 'server:\n  hostnam: mx.example.org\n'

for (const { what, d, text } of [
  { what: 'a plain one', d: base, text: source },
  {
    what: 'a warning without reason and fix',
    d: { code: 'network-wide', severity: 'warning', file: 'a', line: 1, column: 1, message: 'wide' },
    text: 'x',
  },
  { what: 'a carriage return and a tab', d: { ...base, line: 1, column: 5, length: 1 }, text: 'a\t\tb: c\r\nd: e\r\n' },
  {
    what: 'a place in a long line',
    d: { ...base, line: 1, column: 301, length: 3 },
    text: `${'a'.repeat(300)}BAD${'b'.repeat(300)}`,
  },
  { what: 'a place behind the end of its line', d: { ...base, line: 1, column: 50, length: 9 }, text: 'ab' },
  { what: 'a line that is not there', d: { ...base, line: 9 }, text: source },
  { what: 'no source', d: base, text: undefined },
  {
    what: 'escape sequences in source and message',
    d: { ...base, line: 1, column: 1, message: 'a\u001b[2Jb\u202ec' },
    text: '\u001b[31mred\u0007',
  },
] as const satisfies readonly { what: string; d: Diagnostic; text: string | undefined }[]) {
  test(`frames ${what}`, (t) =>
    t.assert.snapshot(formatDiagnostic(d, text, { color: false }), { serializers: [String] }))
}

test('colours are there when asked for', () => {
  const text = formatDiagnostic(base, source, { color: true })
  assert.match(text, /\u001b\[31m/)
  assert.equal(text.replace(/\u001b\[[0-9;]*m/g, ''), formatDiagnostic(base, source, { color: false }))
})

test('several, with their count', () => {
  const text = formatDiagnostics([base, { ...base, severity: 'warning' }, base], new Map([['postern.yaml', source]]), {
    color: false,
  })
  assert.match(text, /\n\n2 errors, 1 warning$/)
})

test('lineAt counts from 1 and ends behind the last line', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((n) => lineAt('a\r\nb\n', n)),
    ['a', 'b', '', undefined],
  )
})
