// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: what a run asks is answered at once where it can be, waited for where it must; a host that fails, cannot answer
 * or is called off ends the run in order, and never loses the message.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  SieveEngine,
  type SieveExtension,
  type SieveHost,
  SieveMessage,
  type SieveRunResult,
  STANDARD_EXTENSIONS,
  within,
} from './index.ts'

const waiting: SieveExtension = {
  name: '',
  words: [
    { name: 'x_wait', kind: 'command', execute: async () => undefined },
    {
      name: 'x_fail',
      kind: 'command',
      execute: async () => {
        throw new Error('it broke')
      },
    },
    { name: 'x_bug', kind: 'command', execute: () => assert.fail('a bug') },
    { name: 'x_true', kind: 'test', evaluate: async () => true },
  ],
}
const engine = new SieveEngine({ extensions: [...STANDARD_EXTENSIONS, waiting] })
const message = SieveMessage.parse(Buffer.from('Subject: a\r\nMessage-ID: <a@b>\r\n\r\n'))

function run(script: string, host: SieveHost = {}, signal?: AbortSignal): SieveRunResult | Promise<SieveRunResult> {
  const compiled = engine.compile(script)
  assert.ok(compiled.ok, JSON.stringify(compiled.diagnostics))
  const environment = { message, ...(signal === undefined ? {} : { signal }) }
  return engine.createRun(compiled.program, environment).execute(host)
}

const kinds = ({ actions }: SieveRunResult): readonly string[] => actions.map(({ kind }) => kind)
const DUPLICATE = 'require "duplicate"; if duplicate { discard; }'
const MAILBOX = 'require ["mailbox", "fileinto"]; if mailboxexists "m" { fileinto "m"; }'

describe('answers', () => {
  test('at once: nothing is waited for', () => {
    const result = run(MAILBOX, { 'sieve.mailbox': ({ mailbox }) => ({ kind: 'found', value: mailbox }) })
    assert.ok(!(result instanceof Promise))
    assert.deepEqual(kinds(result), ['fileinto'])
  })

  test('waited for', async () => {
    const result = run(MAILBOX, { 'sieve.mailbox': async () => ({ kind: 'absent' }) })
    assert.ok(result instanceof Promise)
    assert.deepEqual(kinds(await result), [])
  })

  test('defer ends the run: later again', async () => {
    const deferring: SieveHost = { 'sieve.mailbox': () => ({ kind: 'defer', cause: 'the store is away' }) }
    const { status, cause, implicitKeep } = await run(`${MAILBOX} discard;`, deferring)
    assert.deepEqual([status, cause, implicitKeep], ['deferred', 'the store is away', true])
  })

  test('a kind that the host does not know is defer as well', async () => {
    assert.equal((await run(DUPLICATE)).status, 'deferred')
  })

  test('a host that fails is an error of the run, which keeps the message', async () => {
    const failing: SieveHost = { 'sieve.duplicate': async () => Promise.reject(new Error('the disk is gone')) }
    const result = await run(`${DUPLICATE} discard;`, failing)
    assert.deepEqual([result.status, result.error?.message, result.implicitKeep], ['error', 'the disk is gone', true])
  })

  test('called off while it waits', async () => {
    const controller = new AbortController()
    const result = run(
      DUPLICATE,
      {
        'sieve.duplicate': async () => {
          controller.abort()
          return { kind: 'found', value: true }
        },
      },
      controller.signal,
    )
    assert.equal((await result).status, 'aborted')
  })
})

describe('plug-ins that wait', () => {
  test('commands and tests go on behind them, in order', async () => {
    assert.deepEqual(kinds(await run('x_wait; if x_true { keep; } x_wait; discard;')), ['keep', 'discard'])
  })
  test('one that fails, and one with a bug, are errors of the run', async () => {
    for (const [script, text] of [
      ['keep; x_fail; discard;', 'it broke'],
      ['keep; x_bug; discard;', 'a bug'],
    ] as const) {
      const result = await run(script)
      assert.deepEqual([result.status, result.error?.code, result.error?.message], ['error', 'internal', text])
      assert.equal(result.implicitKeep, true)
    }
  })
  test('in a stage none may wait', () => {
    const { program } = engine.compile('x_wait;')
    assert.ok(program !== undefined)
    const never = (): never => assert.fail()
    const adapter = {
      now: never,
      'sieve.mailbox': never,
      'sieve.special-use': never,
      'sieve.mailbox-id': never,
      'sieve.metadata': never,
      'sieve.include': never,
      'sieve.list': never,
      'sieve.members': never,
      'sieve.duplicate': never,
      'sieve.score': never,
      'sieve.notify': never,
    }
    assert.throws(() => within(engine.createRun(program, { message }).asking(), adapter).next(), /must not wait/)
  })
})

test('the time is asked for once, and is the same all through', async () => {
  let asked = 0
  const script = `require "date"; if currentdate :zone "+0000" "year" "2001" { keep; }
    if currentdate :zone "+0000" "year" "2001" { discard; }`
  const result = await run(script, { now: () => Date.UTC(2001, 0, 1) + asked++ * 400 * 86_400_000 })
  assert.deepEqual(kinds(result), ['keep', 'discard'])
  assert.equal(asked, 1)
})
