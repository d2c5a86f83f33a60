// SPDX-License-Identifier: Apache-2.0
/** One script on one message, with the standard extensions. */
import assert from 'node:assert/strict'
import {
  SIEVE_LIMITS,
  SieveEngine,
  type SieveEnvironment,
  type SieveHost,
  SieveMessage,
  type SieveRunResult,
  STANDARD_EXTENSIONS,
} from '../../src/sieve/index.ts'

export const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })
export const NOW = Date.UTC(2026, 10, 24, 12)
export const MAIL =
  'From: kim@sender.example\r\nTo: lee@example.org\r\nSubject: Hello\r\nMessage-ID: <1@sender.example>\r\n\r\nText\r\n'

export interface Tried extends Partial<Omit<SieveEnvironment, 'message'>> {
  readonly mail?: string | Uint8Array
  readonly host?: SieveHost
}

/** `require` for all that is there stands before the script. */
const REQUIRE = `require [${engine
  .capabilities()
  .filter((name) => name !== '' && name !== 'encoded-character')
  .map((name) => `"${name}"`)
  .join(', ')}];`

export function attempt(script: string, { mail = MAIL, host = {}, ...environment }: Tried = {}): SieveRunResult {
  const compiled = engine.compile(REQUIRE + script, { limits: { listEntries: 200 } })
  assert.ok(compiled.ok, compiled.diagnostics.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  const run = engine.createRun(compiled.program, {
    message: SieveMessage.parse(Buffer.from(mail)),
    envelope: { from: 'kim@sender.example', to: 'lee@example.org' },
    owner: ['lee@example.org'],
    clock: () => NOW,
    ...environment,
  })
  const result = run.execute({ 'sieve.mailbox': ({ mailbox }) => ({ kind: 'found', value: mailbox }), ...host })
  assert.ok(!(result instanceof Promise), 'nothing here waits')
  assert.ok(result.usage.steps <= SIEVE_LIMITS.steps + 70_000, `${result.usage.steps} steps`)
  return result
}

/** Does a test hold? */
export function holds(one: string, tried: Tried = {}): boolean {
  const result = attempt(`if ${one} { discard; }`, tried)
  assert.equal(result.status, 'ok', result.error?.message)
  return !result.implicitKeep
}

/** What compiling says, by code. */
export const codesOf = (script: string): readonly string[] =>
  engine.compile(REQUIRE + script).diagnostics.map(({ code }) => code)
