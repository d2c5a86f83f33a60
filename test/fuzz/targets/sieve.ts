// SPDX-License-Identifier: Apache-2.0
/**
 * Sieve: the reader of scripts, and running them. Properties:
 * - any octets: nothing throws; the tree, written back, is the script to the octet; each diagnostic has a place in it;
 *   there are no more than the limit says; what compiles, compiles the same when it is saved and loaded; each argument
 *   of each word is found again in the text, with the strings it was compiled with;
 * - a script that compiles, on any message: it ends within its steps, never throws, does the same when it runs again,
 *   keeps the message after an error, and takes no more actions than it may.
 */
import assert from 'node:assert/strict'
import {
  CompiledWord,
  type Diagnostic,
  formatDiagnostic,
  printScript,
  SIEVE_LIMITS,
  SieveEngine,
  type SieveHost,
  SieveMessage,
  type SieveProgram,
  type SieveRunResult,
  STANDARD_EXTENSIONS,
} from '../../../src/sieve/index.ts'
import { any, maybe, octets, seq } from '../grammar.ts'
import { SCRIPT, SOUP } from '../sieve-grammar.ts'
import { type Target, textOf } from '../target.ts'
import { HEADER } from './headers.ts'

const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })
const DICTIONARY = [
  '"',
  '\\',
  '${',
  '}',
  '{',
  ';',
  ',',
  '[',
  ']',
  '(',
  ')',
  ':',
  '#',
  '/*',
  '*/',
  'text:',
  '\n.\n',
  '\r\n',
  '\0',
]

function checkDiagnostic(diagnostic: Diagnostic, text: string): void {
  const { start, end, line, column, endLine, endColumn, message } = diagnostic
  assert.ok(start >= 0 && start <= end && end <= text.length, `${start} to ${end} is not within ${text.length}`)
  const lines = text.split('\n')
  for (const [at, wanted] of [
    [line, column],
    [endLine, endColumn],
  ] as const) {
    const there = lines[at - 1]
    assert.ok(there !== undefined && wanted >= 1 && wanted <= there.length + 1, `${at}:${wanted} is not there`)
  }
  assert.doesNotMatch(message, /[\r\n]/, 'a message of several lines')
  assert.ok(formatDiagnostic(diagnostic, text).length < message.length + 1000)
}

/** Programs keep no tree: what an argument was is read again. */
function checkWord(word: CompiledWord, text: string): void {
  for (const name of word.shape.names) {
    const node = word.argumentNode(name)
    assert.ok(node !== undefined, `${word.def.name} has lost ${name}`)
    assert.ok(word.start <= node.start && node.end <= text.length)
    const written = node.node === 'string' ? [node] : node.node === 'string-list' ? node.strings : []
    assert.equal(written.length, word.constants(name).length, `${word.def.name}: other strings in ${name}`)
    for (const [i, constant] of word.constants(name).entries())
      if (constant !== undefined && !constant.includes('${') && !written[i]?.value.includes('${'))
        assert.equal(written[i]?.value, constant)
  }
  const { line, column } = word.place
  assert.equal(text.split('\n')[line - 1]?.[column - 1]?.toLowerCase(), word.node.name[0])
  const tests = word.values.flatMap((value) =>
    value instanceof CompiledWord ? [value] : Array.isArray(value) ? value : [],
  )
  for (const inner of [...tests, ...(word.block ?? [])]) checkWord(inner, text)
}

export const sieveScripts: Target = {
  name: 'sieve-scripts',
  grammar: any(SCRIPT, SOUP, SOUP),
  dictionary: DICTIONARY,
  seeds: [Buffer.from('require "fileinto";\nif header :is "a" ["b", "c"] {\n  fileinto text:\nA\n.\n  ;\n}\n')],
  shortRuns: 500,
  check(input) {
    const text = textOf(input)
    const { ast, diagnostics } = engine.parse(text)
    assert.equal(printScript(ast), text, 'written back it is another script')
    for (const diagnostic of diagnostics) checkDiagnostic(diagnostic, text)
    const compiled = engine.compile(text)
    assert.ok(compiled.diagnostics.length <= SIEVE_LIMITS.diagnostics + 1)
    for (const diagnostic of compiled.diagnostics) checkDiagnostic(diagnostic, text)
    assert.equal(compiled.ok, !compiled.diagnostics.some(({ severity }) => severity === 'error'))
    if (diagnostics.some(({ severity }) => severity === 'error')) assert.equal(compiled.ok, false)
    if (!compiled.ok) return
    for (const word of compiled.program.block) checkWord(word, text)
    const loaded = engine.load(engine.save(compiled.program))
    assert.ok(loaded?.ok === true && !loaded.stale)
    assert.deepEqual(loaded.program.extensionsUsed, compiled.program.extensionsUsed)
  },
}

const SEPARATOR = '\n#message\n'
const STEPS = 20_000
/** A step is told of when it is done: a comparison may be the last one. */
const LAST_STEP = 70_000
const OTHER = 'require ["include", "fileinto"]; include "itself"; fileinto "other"; return;'
const HOST: SieveHost = {
  'sieve.mailbox': ({ mailbox }) => (mailbox.length % 2 === 0 ? { kind: 'found', value: mailbox } : { kind: 'absent' }),
  'sieve.include': ({ name }) => (name === 'missing' ? { kind: 'absent' } : { kind: 'found', value: OTHER }),
  'sieve.list': ({ list, value = '' }) =>
    (list.length + value.length) % 2 === 0 ? { kind: 'found', value: true } : { kind: 'absent' },
  'sieve.members': ({ list }) =>
    list.length % 2 === 0 ? { kind: 'found', value: ['a@example.org', list] } : { kind: 'absent' },
  'sieve.duplicate': () => ({ kind: 'absent' }),
}

function run(program: SieveProgram, content: Buffer): SieveRunResult {
  const result = engine
    .createRun(program, {
      message: SieveMessage.parse(content),
      envelope: { from: 'sender@example.org', to: 'kim+tag@example.org' },
      owner: ['kim@example.org'],
      clock: () => Date.UTC(2026, 10, 24, 12),
      limits: { steps: STEPS, bodyBytes: 65_536 },
    })
    .execute(HOST)
  assert.ok(!(result instanceof Promise), 'it waits although every answer is there')
  return result
}

const essence = ({ status, error, implicitKeep, flags, actions, headerEdits, usage }: SieveRunResult) => ({
  ...{ status, error, implicitKeep, flags, headerEdits, usage },
  actions: actions.map(({ kind, args, line }) => ({ kind, args, line })),
})

export const sieveRuns: Target = {
  name: 'sieve-runs',
  grammar: seq(SCRIPT, SEPARATOR, HEADER, '\r\n', maybe(octets(0, 60))),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: variables of Sieve
  dictionary: [...DICTIONARY, SEPARATOR, '${a}${a}', '*a*a*a*b', 'Subject: ', '--b', '=?utf-8?q?'],
  seeds: [Buffer.from(`require "variables"; set "a" "\${a}x";${SEPARATOR}From: a@b.example\r\n\r\nx\r\n`)],
  shortRuns: 400,
  check(input) {
    const at = input.indexOf(SEPARATOR)
    const script = textOf(at < 0 ? input : input.subarray(0, at))
    const content = at < 0 ? Buffer.alloc(0) : input.subarray(at + SEPARATOR.length)
    const compiled = engine.compile(script)
    if (!compiled.ok) return
    const result = run(compiled.program, content)
    assert.notEqual(result.error?.code, 'internal', result.error?.message)
    assert.ok(['ok', 'error', 'limit', 'deferred'].includes(result.status), result.status)
    assert.ok(result.usage.steps <= STEPS + LAST_STEP, `${result.usage.steps} steps`)
    if (result.status !== 'ok') assert.ok(result.implicitKeep, 'a message is lost after an error')
    const { actions, redirects, fileintos, headerEdits } = SIEVE_LIMITS
    const countOf = (kind: string): number => result.actions.filter((action) => action.kind === kind).length
    assert.ok(result.actions.filter(({ def }) => def.internal !== true).length <= actions)
    assert.ok(countOf('redirect') <= redirects && countOf('fileinto') <= fileintos)
    assert.ok(result.headerEdits.length <= headerEdits)
    assert.deepEqual(essence(run(compiled.program, content)), essence(result), 'another run did something else')
  },
}
