// SPDX-License-Identifier: Apache-2.0
/** What becomes of messages: delivered, tried again, returned, expanded, held. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import { ManualClock } from '../clock/clock.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { checkConservation } from './conservation.ts'
import { MemoryStore } from './memory-store.ts'
import { each, HOME, HOUR, LATER, MINUTE, NEVER, OK, type Script, setUp, untilAborted } from './runner.fixture.ts'
import { anEnvelope, aRecipient, enqueue } from './store.suite.ts'

/** Writes nothing down before `disk` resolves. */
function slowStore(disk: Promise<void>): MemoryStore {
  class SlowStore extends MemoryStore {
    override async record(...given: Parameters<MemoryStore['record']>) {
      await disk
      return await super.record(...given)
    }
  }
  return new SlowStore()
}

test('a message is delivered, and leaves', async () => {
  const t = setUp(each(OK))
  const envelope = await t.put({
    recipients: [aRecipient(0), aRecipient(1), aRecipient(2, { address: 'x@example.com' as MailAddress })],
    edits: [{ edit: 'prepend', field: 'X: 1\r\n' }],
  })
  await t.runner.idle()
  assert.deepEqual(
    t.deliveries.map(({ recipients, size }) => [recipients.map(({ index }) => index), size]),
    [
      [[0, 1], envelope.size + 6],
      [[2], envelope.size + 6],
    ],
  )
  assert.equal(await t.store.get(envelope.id), undefined)
  assert.deepEqual(t.attempts()[0]?.by, { by: 'remote', host: 'mx.example.org', reply: '250 ok' })
  assert.equal(t.attempts()[0]?.recipients[0]?.result, 'relayed')
  assert.equal(t.home.length, 0)
})

test('a slot is free when its attempt is over, however long the disk takes to write down what came of it', async () => {
  const disk = Promise.withResolvers<void>()
  const t = setUp(each(OK), { store: slowStore(disk.promise), channel: { concurrency: 1, perDestination: 1 } })
  for (let i = 0; i < 3; i++) await t.put()
  await t.quiet()
  assert.equal(t.deliveries.length, 3)
  assert.equal(t.store.ledger().relayed, 0)
  disk.resolve()
  await t.runner.idle()
  assert.equal(t.store.ledger().relayed, 3)
})

test('a disk that stands still does not let ever more be sent', async () => {
  const disk = Promise.withResolvers<void>()
  const t = setUp(each(OK), { store: slowStore(disk.promise), channel: { concurrency: 2, perDestination: 2 } })
  for (let i = 0; i < 300; i++) await t.put()
  for (let i = 0; i < 100; i++) await t.quiet()
  assert.ok(t.deliveries.length >= 256 && t.deliveries.length < 300, `${t.deliveries.length}`)
  disk.resolve()
  await t.runner.idle()
  assert.equal(t.store.ledger().relayed, 300)
})

test('what is deferred is tried again after 5, 10, 20 minutes, and then delivered', async () => {
  let tries = 0
  const times: number[] = []
  const t = setUp((delivery) => {
    times.push(t.clock.now() - delivery.envelope.receivedAt)
    return [++tries < 4 ? LATER : OK]
  })
  const { id } = await t.put()
  await t.runner.idle()
  assert.equal((await t.store.get(id))?.recipients.get(0)?.state, 'queued')
  await t.pass(HOUR)
  assert.deepEqual(times, [0, 5 * MINUTE, 15 * MINUTE, 35 * MINUTE])
  assert.deepEqual(
    t.deliveries.map(({ attempts }) => attempts),
    [0, 1, 2, 3],
  )
  assert.equal(await t.store.get(id), undefined)
})

test('a failure comes back to the sender, and the ledger names the notice', async () => {
  const t = setUp(({ recipients }) => recipients.map((_, i) => (i === 0 ? NEVER : OK)))
  const { id } = await t.put({ recipients: [aRecipient(0), aRecipient(1)] })
  await t.runner.idle()
  assert.equal(t.home.length, 1)
  const notice = t.home[0]?.envelope
  assert.equal(notice?.reversePath, null)
  assert.equal(t.attempts()[0]?.notice, notice?.id)
  assert.deepEqual(
    t.attempts()[0]?.recipients.map(({ result }) => result),
    ['failed', 'relayed'],
  )
  assert.equal(await t.store.get(id), undefined)
  const { bounced, relayed, delivered } = t.store.ledger()
  assert.deepEqual([bounced, relayed, delivered], [1, 1, 1])
})

test('the null sender gets nothing back', async () => {
  const t = setUp(each(NEVER))
  await t.put({ reversePath: null })
  await t.runner.idle()
  assert.equal(t.home.length, 0)
  assert.equal(t.store.ledger().bounced, 1)
  assert.deepEqual(await Array.fromAsync(t.store.messages()), [])
})

for (const { name, script, status } of [
  { name: 'throws', script: (() => Promise.reject(new Error('bug'))) as Script, status: '4.3.0' },
  { name: 'gives too few outcomes', script: (() => []) as Script, status: '4.3.0' },
]) {
  test(`a destination that ${name} defers, and the stack is logged`, async () => {
    const t = setUp(script)
    const { id } = await t.put()
    await t.runner.idle()
    assert.equal(t.attempts()[0]?.recipients[0]?.status, status)
    assert.deepEqual(t.logged, ['delivery.bug'])
    assert.equal((await t.store.get(id))?.recipients.get(0)?.state, 'queued')
  })
}

test('a channel that is not there defers with 4.3.5', async () => {
  const t = setUp(each(OK))
  const { id } = await t.put({ recipients: [aRecipient(0, { channel: 'gone' as ChannelName })] })
  await t.runner.idle()
  const last = (await t.store.get(id))?.recipients.get(0)?.last
  assert.ok(last?.event === 'deferred' && last.status === '4.3.5' && /gone/.test(last.reason))
})

test('after four hours the sender hears of the delay once, after five days of the failure', async () => {
  const t = setUp(each(LATER))
  const { id } = await t.put()
  await t.pass(3 * HOUR, 5 * MINUTE)
  assert.equal(t.home.length, 0)
  await t.pass(24 * HOUR, 30 * MINUTE)
  assert.equal(t.home.length, 1)
  assert.equal((await t.store.get(id))?.recipients.get(0)?.delayNotified, true)
  await t.pass(96 * HOUR, 30 * MINUTE)
  assert.equal(t.home.length, 2)
  assert.equal(await t.store.get(id), undefined)
  const last = t.attempts().at(-1)?.recipients[0]
  assert.deepEqual([last?.result, last?.status], ['failed', '4.4.7'])
  assert.match(last?.detail ?? '', /no answer/)
})

test('an address is expanded into new recipients, which are delivered; whoever has them already is a duplicate', async () => {
  const member = (name: string) => ({ address: `${name}@example.com` as MailAddress, given: 'list', channel: HOME })
  const t = setUp(each({ kind: 'expanded', into: [member('a'), member('b')] }))
  await t.put({ recipients: [aRecipient(0), aRecipient(7)] })
  await t.runner.idle()
  await t.quiet()
  const recipients = t.home.flatMap((delivery) => delivery.recipients)
  assert.deepEqual(
    recipients.map(({ index, parent }) => [index, parent]),
    [
      [8, 0],
      [9, 0],
    ],
  )
  const { accepted, born, expanded, duplicate, delivered } = t.store.ledger()
  assert.deepEqual([accepted, born, expanded, duplicate, delivered], [2, 2, 1, 1, 2])
})

test('a sender who asked for it hears that an address was expanded, and not of each of its members', async () => {
  const member = (name: string) => ({
    address: `${name}@example.com` as MailAddress,
    given: 'list',
    channel: HOME,
    notify: ['success', 'failure'] as const,
  })
  const owner = 'owner@example.org' as MailAddress
  for (const { into, action, told } of [
    { into: [member('a'), member('b')], action: 'expanded', told: ['failure'] },
    { into: [{ ...member('a'), notify: ['success'] as const }, member('b')], action: 'expanded', told: 'never' },
    { into: [{ address: owner, given: 'list', channel: HOME, sender: owner }], action: 'delivered', told: undefined },
  ]) {
    const t = setUp(each({ kind: 'expanded', into }))
    await t.put({ recipients: [aRecipient(0, { notify: ['success', 'failure'] })] })
    await t.runner.idle()
    const [notices, others] = [true, false].map((ours) =>
      t.home.filter(({ envelope }) => (envelope.reversePath === null) === ours),
    )
    assert.deepEqual(others?.flatMap(({ recipients }) => recipients)[0]?.notify, told)
    assert.equal(notices?.length, 1)
    assert.match(t.texts.join(''), new RegExp(`Action: ${action}`))
  }
})

test('an alias for one passes the request on, and one that nobody asked about tells nothing', async () => {
  const one = { address: 'a@example.com' as MailAddress, given: 'kim', channel: HOME, notify: ['success'] as const }
  for (const { into, notify, notices } of [
    { into: [one], notify: { notify: ['success'] as const }, notices: 1 },
    {
      into: [
        { ...one, notify: undefined },
        { ...one, address: 'b@example.com' as MailAddress },
      ],
      notify: {},
      notices: 0,
    },
  ]) {
    const t = setUp(
      each({
        kind: 'expanded',
        into: into.map(({ notify: asked, ...rest }) =>
          asked === undefined || notices === 0 ? rest : { ...rest, notify: asked },
        ),
      }),
    )
    await t.put({ recipients: [aRecipient(0, notify)] })
    await t.runner.idle()
    await t.quiet()
    // That one's own delivery is what is told.
    assert.equal(t.home.filter(({ envelope }) => envelope.reversePath === null).length, notices)
  }
})

test('deliveries hold at most a hundred recipients, of one sender', async () => {
  const t = setUp(each(OK))
  const owner = 'owner@example.net' as MailAddress
  const recipients = Array.from({ length: 250 }, (_, i) => aRecipient(i, i < 120 ? { sender: owner } : {}))
  await t.put({ recipients })
  await t.runner.idle()
  for (const { recipients } of t.deliveries)
    assert.ok(recipients.length <= 100 && new Set(recipients.map(({ sender }) => sender)).size === 1)
  assert.equal(t.store.ledger().relayed, 250)
})

test('recipients that are due at the same time go together, though the clock moves on between them', async () => {
  class RestlessClock extends ManualClock {
    #looks = 0
    override monotonic(): number {
      return super.monotonic() + 0.001 * this.#looks++
    }
  }
  const t = setUp(each(OK), { clock: new RestlessClock() })
  await t.put({ recipients: [aRecipient(0), aRecipient(1), aRecipient(2)] })
  await t.pass(MINUTE)
  assert.deepEqual(
    t.deliveries.map(({ recipients }) => recipients.length),
    [3],
  )
})

test('concurrency is bounded for each destination and each channel', async () => {
  let now = 0
  let most = 0
  const running = new Map<string, number>()
  const t = setUp(async ({ recipients }) => {
    const domain = recipients[0]?.address.split('@')[1] ?? ''
    running.set(domain, (running.get(domain) ?? 0) + 1)
    most = Math.max(most, ++now)
    assert.ok((running.get(domain) ?? 0) <= 2)
    await new Promise((resolve) => setImmediate(resolve))
    running.set(domain, (running.get(domain) ?? 0) - 1)
    now--
    return recipients.map(() => OK)
  })
  for (let i = 0; i < 30; i++)
    await t.put({ recipients: [aRecipient(0, { address: `x@d${i % 3}.example` as MailAddress })] })
  await t.runner.idle()
  assert.equal(most, 3)
  assert.equal(t.store.ledger().relayed, 30)
})

test('what the store holds is taken up at start; held messages stay', async () => {
  const t = setUp(each(OK))
  const waiting = anEnvelope({ receivedAt: t.clock.now() })
  const held = anEnvelope({ receivedAt: t.clock.now(), hold: { reason: 'loop' } })
  for (const envelope of [waiting, held]) await enqueue(t.store, envelope)
  t.runner.start()
  await t.runner.idle()
  assert.deepEqual(
    (await Array.fromAsync(t.store.messages())).map(({ envelope }) => envelope.id),
    [held.id],
  )
  assert.deepEqual(await t.operations.release({ state: 'held' }), { recipients: 2 })
  await t.runner.idle()
  assert.deepEqual(await Array.fromAsync(t.store.messages()), [])
})

test('a message that an operator deletes during its delivery is gone, and nothing crashes', async () => {
  const t = setUp(untilAborted)
  const { id } = await t.put()
  await t.quiet()
  assert.deepEqual(await t.operations.delete({ ids: [id] }, 'spam'), { recipients: 1 })
  await t.runner.idle()
  assert.deepEqual(await Array.fromAsync(t.store.messages()), [])
  assert.deepEqual(t.logged, [])
  assert.equal(t.store.ledger().discarded, 1)
})

test('a recipient that an operator holds during its delivery stays held', async () => {
  const t = setUp(async ({ recipients, envelope }) => {
    await t.operations.hold({ ids: [envelope.id] }, 'wait')
    return recipients.map(() => LATER)
  })
  const { id } = await t.put()
  await t.runner.idle()
  assert.equal((await t.store.get(id))?.recipients.get(0)?.state, 'held')
})

test('what was delivered is written down when the disk is there again, not delivered twice', async () => {
  const t = setUp(each(OK))
  const { record } = t.store
  t.store.record = async () => {
    throw Object.assign(new Error('disk full'), { code: 'ENOSPC' })
  }
  const { id } = await t.put()
  await t.quiet()
  await t.pass(10 * MINUTE)
  assert.equal(t.deliveries.length, 1)
  t.store.record = record
  await t.pass(2 * MINUTE)
  assert.equal(t.deliveries.length, 1)
  assert.equal(await t.store.get(id), undefined)
})

test('stop lets attempts end, and gives up at the deadline what does not', async () => {
  const t = setUp(untilAborted)
  const { id } = await t.put()
  const stopped = t.runner.stop(5000)
  await t.quiet()
  t.clock.advance(5000)
  await stopped
  assert.equal((await t.store.get(id))?.recipients.get(0)?.attempts, 0)
})

test('operators act on recipients, not on messages', async () => {
  const t = setUp(each({ kind: 'deferred', status: '4.4.1', reason: 'greylisted' }))
  const other = aRecipient(1, { address: 'x@example.com' as MailAddress })
  const { id } = await t.put({ recipients: [aRecipient(0), other] })
  await t.runner.idle()
  const { operations } = t
  assert.deepEqual(await operations.hold({}, 'nothing chosen'), { recipients: 0 })
  assert.deepEqual(await operations.hold({ domain: 'example.com' }, 'look'), { recipients: 1 })
  assert.equal((await t.store.get(id))?.recipients.get(1)?.state, 'held')
  assert.deepEqual(await operations.reroute({ state: 'held' }, HOME), { recipients: 1 })
  assert.deepEqual(await operations.release({ channel: HOME }), { recipients: 1 })
  await t.runner.idle()
  assert.equal(t.store.ledger().delivered, 1)
  const before = t.deliveries.length
  assert.deepEqual(await operations.retry({ reason: 'grey' }), { recipients: 1 })
  await t.runner.idle()
  assert.equal(t.deliveries.length, before + 1)
  assert.deepEqual(await operations.bounce({ sender: 'SAM@example.net' }, 'enough'), { recipients: 1 })
  await t.runner.idle()
  assert.equal(t.store.ledger().bounced, 1)
  assert.equal(t.home.at(-1)?.envelope.reversePath, null)
  assert.ok(checkConservation(t.store).balanced)
})
