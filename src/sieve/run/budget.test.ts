// SPDX-License-Identifier: Apache-2.0
/** Proves: what costs time counts as steps, and every bound of a run has its own code. All of it without a clock. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  SieveEngine,
  type SieveEnvironment,
  type SieveLimits,
  SieveMessage,
  type SieveRunResult,
  STANDARD_EXTENSIONS,
} from '../index.ts'

const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS, limits: { listEntries: 1000 } })

function run(script: string, mail: string, environment: Partial<SieveEnvironment> = {}): SieveRunResult {
  const compiled = engine.compile(script)
  assert.ok(compiled.ok, JSON.stringify(compiled.diagnostics))
  const message = SieveMessage.parse(Buffer.from(mail))
  const result = engine
    .createRun(compiled.program, { message, ...environment })
    .execute({ 'sieve.duplicate': () => ({ kind: 'absent' }) })
  assert.ok(!(result instanceof Promise))
  return result
}

const MAIL = 'Subject: hi\r\n\r\nbody\r\n'

describe('limits of a run', () => {
  const table: readonly (readonly [name: string, script: string, limits: Partial<SieveLimits>, code: string])[] = [
    ['steps', 'keep;'.repeat(50), { steps: 20 }, 'limit-steps'],
    ['actions', 'redirect "a@example.org"; redirect "b@example.org";', { actions: 1 }, 'limit-actions'],
    ['redirects', 'redirect "a@example.org"; redirect "b@example.org";', { redirects: 1 }, 'limit-redirects'],
    ['fileintos', 'require "fileinto"; fileinto "a"; fileinto "b";', { fileintos: 1 }, 'limit-fileintos'],
    [
      'things remembered',
      'require "duplicate"; if duplicate :uniqueid "a" { stop; } if duplicate :uniqueid "b" { stop; }',
      { internalActions: 1 },
      'limit-internal-actions',
    ],
    ['variables', 'require "variables"; set "a" "1"; set "b" "2";', { variables: 1 }, 'limit-variables'],
    ['edits', 'require "editheader"; addheader "A" "b"; addheader "A" "c";', { headerEdits: 1 }, 'limit-header-edits'],
    ['length of a field', 'require "editheader"; addheader "A" "bc";', { headerBytes: 1 }, 'limit-header-bytes'],
    ['a reason', 'require "reject"; reject "too long";', { textBytes: 5 }, 'limit-text-bytes'],
    ['a reply', 'require "vacation"; vacation "too long";', { textBytes: 5 }, 'limit-text-bytes'],
  ]
  for (const [name, script, limits, code] of table)
    test(name, () => {
      const result = run(script, MAIL, { limits })
      assert.equal(result.status, 'limit')
      assert.equal(result.error?.code, code)
      assert.equal(result.implicitKeep, true)
      const [limit = ''] = Object.keys(limits)
      assert.equal(run(script, MAIL, { limits: { [limit]: 100 } }).status, 'ok')
    })

  test('wall time, where there is a stopwatch', () => {
    let now = 0
    const long = `require "variables"; ${'set "a" "1";'.repeat(2000)}`
    const result = run(long, MAIL, { stopwatch: () => (now += 2500) })
    assert.equal(result.error?.code, 'limit-wall-ms')
  })

  test('the signal ends a run as aborted', () => {
    const long = `require "variables"; ${'set "a" "1";'.repeat(2000)}`
    assert.equal(run(long, MAIL, { signal: AbortSignal.abort() }).status, 'aborted')
  })
})

describe('what is dear counts', () => {
  const reference = '$' + '{a}'
  const steps = (script: string, mail: string): number => run(script, mail, { limits: { steps: 1e9 } }).usage.steps

  test('a key that makes searching slow: text × key', () => {
    const mail = `Subject: ${'a'.repeat(200_000)}\r\n\r\n`
    const contains = (key: string): number => steps(`if header :contains "subject" "${key}" { stop; }`, mail)
    assert.ok(contains(`${'a'.repeat(500)}b${'a'.repeat(499)}`) > 20 * contains('ab'))
    const matches = (key: string): number => steps(`if header :matches "subject" "${key}" { stop; }`, mail)
    assert.ok(matches(`*${'a'.repeat(500)}b${'a'.repeat(499)}*`) > 20 * matches('*ab*'))
  })

  test('a string of variables alone does not grow beyond a string', () => {
    const variables = `require "variables"; set "a" "${'x'.repeat(4000)}";`
    const script = `${variables} if string "${reference.repeat(10_000)}" "x" { stop; }`
    const result = run(script, MAIL)
    assert.equal(result.error?.code, 'limit-string-bytes')
  })

  test('doubling a variable ends at its size', () => {
    const doubled = `set "a" "${reference}${reference}";`.repeat(60)
    const script = `require ["variables", "relational", "comparator-i;ascii-numeric"]; set "a" "x"; ${doubled}
      set :length "n" "\${a}"; if string :comparator "i;ascii-numeric" "\${n}" "4096" { discard; }`
    assert.deepEqual(
      run(script, MAIL).actions.map(({ kind }) => kind),
      ['discard'],
    )
  })

  test('stars do not multiply', () => {
    const mail = `Subject: ${'a'.repeat(5000)}\r\n\r\n`
    assert.ok(steps(`if header :matches "subject" "${'*a'.repeat(500)}*b" { stop; }`, mail) < 5000)
    assert.ok(steps(`if header :matches "subject" "${'*?a'.repeat(300)}*b" { stop; }`, mail) < 50_000)
  })
})
