// SPDX-License-Identifier: Apache-2.0
/** Operators and stops in the middle of an attempt: what it came to stays true. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { checkConservation } from './conservation.ts'
import { each, HOME, LATER, MINUTE, NEVER, OK, type Script, setUp, untilAborted } from './runner.fixture.ts'
import { aRecipient } from './store.suite.ts'

const DOWN: Outcome = { kind: 'deferred', status: '4.4.1', reason: 'connection refused', destinationDown: true }

/** Has been delivered by the time it hears that it should end. */
const doneAnyway: Script = async (delivery, signal) => {
  await untilAborted(delivery, signal)
  return delivery.recipients.map(() => OK)
}

for (const what of ['bounce', 'delete', 'hold'] as const)
  for (const { name, script } of [
    { name: 'succeeds', script: doneAnyway },
    { name: 'is given up', script: untilAborted },
  ])
    test(`an operator's ${what} during an attempt that ${name}`, async () => {
      const t = setUp(script)
      const { id } = await t.put()
      await t.quiet()
      const { recipients } = await t.operations[what]({ ids: [id] }, 'enough')
      const stopped = t.runner.stop(1000)
      t.clock.advance(1000)
      await stopped
      const { relayed, bounced, discarded } = t.store.ledger()
      const delivered = name === 'succeeds'
      assert.equal(relayed, delivered ? 1 : 0)
      assert.equal(recipients, what !== 'hold' && delivered ? 0 : 1)
      assert.equal(bounced, what === 'bounce' && !delivered ? 1 : 0)
      assert.equal(discarded, what === 'delete' && !delivered ? 1 : 0)
      if (what === 'hold' && !delivered) assert.equal((await t.store.get(id))?.recipients.get(0)?.state, 'held')
      assert.ok((await checkConservation(t.store)).balanced)
    })

test('what an operator ends for one recipient is tried again at once for the others', async () => {
  let first = true
  const t = setUp((delivery, signal) => {
    const script = first ? untilAborted : each(OK)
    first = false
    return script(delivery, signal)
  })
  const { id } = await t.put({ recipients: [aRecipient(0), aRecipient(1)] })
  await t.quiet()
  assert.deepEqual(await t.operations.delete({ recipient: 'r1@example.org' }, 'spam'), { recipients: 1 })
  await t.runner.idle()
  assert.equal(await t.store.get(id), undefined)
  assert.deepEqual(
    t.deliveries.map(({ attempts, recipients }) => [attempts, recipients.map(({ index }) => index)]),
    [
      [0, [0, 1]],
      [0, [0]],
    ],
  )
})

test('a recipient that is rerouted during an attempt goes on there', async () => {
  const t = setUp(untilAborted)
  const { id } = await t.put()
  await t.quiet()
  await t.operations.reroute({ ids: [id] }, HOME)
  await t.pass(3 * 60 * MINUTE, 30 * MINUTE)
  assert.equal(t.store.ledger().delivered, 1)
})

test('a retry lifts the back-off of its own destination only', async () => {
  const t = setUp(({ recipients }) => recipients.map(() => DOWN))
  const to = (domain: string) => ({ recipients: [aRecipient(0, { address: `r@${domain}` as MailAddress })] })
  for (const domain of ['a.example', 'b.example']) for (let i = 0; i < 2; i++) await t.put(to(domain))
  await t.runner.idle()
  assert.equal(t.deliveries.length, 2)
  assert.deepEqual(await t.operations.retry({ domain: 'a.example' }), { recipients: 2 })
  await t.runner.idle()
  const domains = t.deliveries.slice(2).map(({ recipients }) => recipients[0]?.address)
  assert.deepEqual(domains, ['r@a.example'])
})

test('an attempt given up at a stop does not count; one that was answered does', async () => {
  for (const { script, attempts } of [
    { script: untilAborted, attempts: 0 },
    {
      script: (async (delivery, signal) => {
        await untilAborted(delivery, signal)
        return delivery.recipients.map(() => ({ ...LATER, remote: { reply: '450 later' } }) as Outcome)
      }) satisfies Script,
      attempts: 1,
    },
  ]) {
    const t = setUp(script)
    const { id } = await t.put()
    await t.quiet()
    const stopped = t.runner.stop(1000)
    t.clock.advance(1000)
    await stopped
    const state = (await t.store.get(id))?.recipients.get(0)
    assert.deepEqual([state?.state, state?.attempts], ['queued', attempts])
  }
})

test('stop does not wait for a destination that does not heed its signal', async () => {
  const t = setUp(() => new Promise<readonly Outcome[]>(() => {}))
  await t.put()
  await t.quiet()
  const stopped = t.runner.stop(1000)
  t.clock.advance(1000)
  t.clock.advance(5000)
  await stopped
})

test('each result says who decided it', async () => {
  const t = setUp(({ recipients }) => recipients.map((_, i) => (i === 0 ? OK : i === 1 ? NEVER : LATER)))
  await t.put({ recipients: [aRecipient(0), aRecipient(1), aRecipient(2)] })
  await t.runner.idle()
  const record = t.attempts()[0]
  assert.deepEqual(record?.by, { by: 'remote', host: 'mx.example.org', reply: '250 ok' })
  assert.deepEqual(
    record?.recipients.map(({ by }) => by),
    [
      undefined,
      { by: 'remote', host: 'example.org', reply: '550 no' },
      { by: 'default', setting: 'channels.tcp_local', value: '' },
    ],
  )
  await t.operations.bounce({ all: true }, 'enough')
  assert.deepEqual(t.attempts().at(-1)?.by, { by: 'operator', command: 'queue bounce' })
})
