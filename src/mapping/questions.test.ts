// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: the language runs inside an engine of the house and with a host of its own, waiting or not, and can be stopped. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asking, ask } from '../ask/ask.ts'
import { answer, type MappingAdapter, type MappingHost, within } from './questions.ts'
import { runMapping } from './run.ts'
import { load, tableText } from './tables.fixture.ts'

const mappings = load(tableText('T', ['* $Y${$0}/$?50?$}d,a{']))
const hex = '000000000000'

test('questions are answered at once, or later', async () => {
  const host: MappingHost = {
    random: () => hex,
    'mapping.general': ({ key }) => ({ kind: 'found', value: `<${key}>` }),
    'mapping.domain': ({ domain }) => ({ kind: 'found', value: domain }),
  }
  const now = answer(runMapping(mappings, 'T', 'k'), host)
  assert.ok(!(now instanceof Promise) && now.kind === 'answered')
  assert.equal(now.output, '<k>/d')
  const later = answer(runMapping(mappings, 'T', 'k'), {
    ...host,
    'mapping.general': async () => ({ kind: 'found', value: 'v' }),
  })
  assert.ok(later instanceof Promise)
  const result = await later
  assert.equal(result.kind === 'answered' && result.output, 'v/d')
})

test('an abort ends the waiting and the operation', async () => {
  const abort = new AbortController()
  const host: MappingHost = {
    random: () => hex,
    'mapping.general': (_, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  }
  const asking = runMapping(mappings, 'T', 'k')
  const waiting = answer(asking, host, abort.signal)
  abort.abort(new Error('enough'))
  await assert.rejects(async () => waiting, /enough/)
  assert.equal(asking.next('late').done, true)
})

test('inside an engine of the house its questions are asked', () => {
  const absent = { kind: 'absent' } as const
  const adapter: MappingAdapter = {
    random: (question) => ask(question),
    *'mapping.general'({ key }) {
      const now = yield* ask({ ask: 'now' })
      return { kind: 'found', value: `${key}@${now}` }
    },
    *'mapping.domain'() {
      return { kind: 'found', value: 'd' }
    },
    *'mapping.sequence'() {
      return absent
    },
    *'mapping.url'() {
      return absent
    },
    *'mapping.call'() {
      return absent
    },
  }
  function* stage(): Asking<string> {
    const result = yield* within(runMapping(mappings, 'T', 'k'), adapter)
    return result.kind === 'answered' ? result.output : result.cause
  }
  const engine = stage()
  assert.deepEqual(engine.next().value, { ask: 'now' })
  assert.deepEqual(engine.next(7).value, { ask: 'random', octets: 6 })
  assert.deepEqual(engine.next(hex), { done: true, value: 'k@7/d' })
})

test('returning the engine of the house returns the operation', () => {
  const asking = runMapping(mappings, 'T', 'k')
  const never = function* (): Asking<never> {
    yield { ask: 'now' }
    throw new Error('nobody answers')
  }
  const adapter: MappingAdapter = {
    random: never,
    'mapping.general': never,
    'mapping.domain': never,
    'mapping.sequence': never,
    'mapping.url': never,
    'mapping.call': never,
  }
  const engine = within(asking, adapter)
  engine.next()
  engine.return(undefined as never)
  assert.equal(asking.next().done, true)
})
