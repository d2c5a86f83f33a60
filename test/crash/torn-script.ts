// SPDX-License-Identifier: Apache-2.0
/**
 * A life of a queue as a script: accept small and large, deliver, defer, bounce, hold, release, compact, set apart,
 * checkpoint, close. And the model: what may be found after a power cut, given which calls had been answered.
 */
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { MailAddress } from '../../src/address/address.ts'
import { ManualClock } from '../../src/clock/clock.ts'
import type { Envelope } from '../../src/envelope/envelope.ts'
import type { LedgerEvent, RecipientState } from '../../src/envelope/ledger.ts'
import { createIds, type MessageId } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { checkConservation } from '../../src/queue/conservation.ts'
import type { FileLayer } from '../../src/queue/file-layer.ts'
import { type LogStore, openLogStore } from '../../src/queue/log/log-store.ts'
import { anEnvelope, aRecipient } from '../../src/queue/store.suite.ts'
import { statesAfter, statesAtCommit } from '../../src/queue/totals.ts'

const clock = new ManualClock()
const ids = createIds(() => clock.now(), 5)

/** What is known of one call: `open` when the power went while it was under way. */
type Answer = 'open' | 'done' | 'refused'

interface Told {
  readonly envelope: Envelope
  readonly content: Buffer
  accept: Answer
  readonly events: { readonly events: readonly LedgerEvent[]; answer: Answer }[]
}

export type Model = Map<MessageId, Told>

const HOUR = 3_600_000
const at = clock.now()
const delivered = (recipient: number): LedgerEvent => ({ event: 'delivered', recipient, at, where: 'here' })
const held = (recipient: number): LedgerEvent => ({ event: 'held', recipient, at, reason: 'look' })
const released = (recipient: number): LedgerEvent => ({ event: 'released', recipient, at })
const deferred = (recipient: number): LedgerEvent => ({
  ...{ event: 'deferred', recipient, at, status: '4.4.1', reason: 'no answer', nextAt: at + HOUR },
})
const bounced = (recipient: number): LedgerEvent => ({
  ...{ event: 'bounced', recipient, at, status: '5.1.1', reason: 'nobody' },
})

const envelopes = new Map<string, Envelope>()
function named(name: string, recipients: number, hold: boolean): Envelope {
  const known = envelopes.get(name)
  if (known !== undefined) return known
  const envelope = anEnvelope({
    id: ids.message(),
    receivedAt: at,
    recipients: Array.from({ length: recipients }, (_, i) =>
      aRecipient(i, { address: `${name}${i}@example.org` as MailAddress }),
    ),
    ...(hold ? { hold: { reason: 'look' } } : {}),
  })
  envelopes.set(name, envelope)
  return envelope
}

let drawn = 0
export const open = (files: FileLayer): Promise<LogStore> =>
  openLogStore('/q', {
    log: silentLog,
    files,
    clock,
    background: false,
    gatherMs: 0,
    segmentBytes: 14_000,
    spareBytes: 9_000,
    // Differs from all drawn before, and is the same in each run of the script.
    random: (octets) => Buffer.alloc(octets, `${++drawn} salt `.padStart(octets, '.')),
  })

/** Runs the script as far as the world lets it. */
export async function run(files: FileLayer, model: Model): Promise<void> {
  drawn = 0
  const store = await open(files)
  const accept = async (name: string, octets: number, recipients = 1, hold = false): Promise<void> => {
    const envelope = named(name, recipients, hold)
    const told: Told = { envelope, content: Buffer.alloc(octets, name), accept: 'open', events: [] }
    model.set(envelope.id, told)
    told.accept = await answered(async () => {
      await using draft = store.begin()
      for (let from = 0; from < octets; from += 50_000) await draft.write(told.content.subarray(from, from + 50_000))
      await draft.commit(envelope)
    })
  }
  const record = async (name: string, ...events: readonly LedgerEvent[]): Promise<void> => {
    const told = model.get(named(name, 1, false).id)
    if (told?.accept !== 'done') return
    const call = { events, answer: 'open' as Answer }
    told.events.push(call)
    // What an earlier refusal makes impossible is refused by the rules of the ledger.
    call.answer = await answered(() => store.record(told.envelope.id, events))
  }
  const quietly = (work: () => Promise<void>): Promise<void> => work().catch(() => {})

  await Promise.all([accept('a', 500, 2), accept('b', 300), accept('large', 70_000), accept('many', 200, 10)])
  await Promise.all([record('a', deferred(0)), record('b', delivered(0)), record('many', delivered(3), bounced(4))])
  await Promise.all([accept('kept', 900, 1, true), accept('e', 800, 2)])
  await record('a', bounced(1), delivered(0))
  await Promise.all([record('e', held(0), held(1)), record('many', deferred(5))])
  await quietly(() => store.checkpoint())
  for (const name of ['f', 'g', 'h']) await accept(name, 3000)
  await Promise.all([record('f', delivered(0)), accept('large2', 66_000), record('g', deferred(0))])
  await quietly(() => store.compact())
  await Promise.all([record('e', released(0)), record('large', delivered(0)), record('h', delivered(0))])
  await record('e', delivered(0))
  for (const name of ['i', 'j']) await accept(name, 3000)
  await quietly(() => store.compact())
  await Promise.all([record('kept', released(0)), record('many', delivered(0)), record('i', delivered(0))])
  await quietly(() => store.checkpoint())
  await Promise.all([record('kept', delivered(0)), record('g', deferred(0)), accept('last', 100)])
  await quietly(() => store.compact())
  await store[Symbol.asyncDispose]()
}

async function answered(call: () => Promise<unknown>): Promise<Answer> {
  try {
    await call()
    return 'done'
  } catch (error) {
    // The disk could not even be brought to say that it refused: as good as no answer.
    return error instanceof Error && error.name === 'RefusedUncertainly' ? 'open' : 'refused'
  }
}

type States = ReadonlyMap<number, RecipientState>

/** The states in which a message may be found; `undefined` among them when it may be gone. */
function allowed({ envelope, accept, events }: Told): readonly (States | undefined)[] {
  if (accept === 'refused') return [undefined]
  let possible: (States | undefined)[] = [statesAtCommit(envelope)]
  for (const { events: list, answer } of events) {
    if (answer === 'refused') continue
    const after = possible.map((states) => (states === undefined ? undefined : afterOrSame(states, list)))
    possible = answer === 'done' ? after : [...possible, ...after]
  }
  const found = possible.map((states) =>
    states?.values().every(({ state }) => state !== 'queued' && state !== 'held') ? undefined : states,
  )
  return accept === 'open' ? [undefined, ...found] : found
}

/** After an uncertain answer what follows may not fit. */
function afterOrSame(states: States, events: readonly LedgerEvent[]): States {
  try {
    return statesAfter(states, events)
  } catch {
    return states
  }
}

/** Takes in one more message after the power cut; in the model it is acknowledged. Its id. */
export async function goOn(files: FileLayer, model: Model): Promise<MessageId> {
  const store = await open(files)
  const envelope = named('after', 1, false)
  const content = Buffer.from('after')
  await using draft = store.begin()
  await draft.write(content)
  await draft.commit(envelope)
  model.set(envelope.id, { envelope, content, accept: 'done', events: [] })
  return envelope.id
}

/** Opens what the power cut left, and compares. What is found is given by id, for comparing it with a second look. */
export async function inspect(files: FileLayer, model: Model): Promise<Map<MessageId, unknown>> {
  const store = await open(files)
  assert.deepEqual(store.recovered.findings, [])
  const seen = new Map<MessageId, unknown>()
  for await (const { envelope, recipients } of store.messages()) {
    const told = model.get(envelope.id)
    assert.ok(told !== undefined, `${envelope.id} was never handed in`)
    const name = told.envelope.recipients[0]?.address
    assert.deepEqual(envelope, told.envelope)
    const fits = allowed(told).some((states) => states !== undefined && isDeepStrictEqual(states, recipients))
    assert.ok(fits, `${name} is in no state that is allowed: ${JSON.stringify([...recipients.values()])}`)
    const content = Buffer.concat(await Array.fromAsync(store.content(envelope.id)))
    assert.ok(content.equals(told.content), `the content of ${name} is not what was received`)
    seen.set(envelope.id, recipients)
  }
  for (const [id, told] of model)
    if (store.entry(id) === undefined)
      assert.ok(allowed(told).includes(undefined), `${told.envelope.recipients[0]?.address} is lost`)
  const { balanced, detail } = checkConservation(store)
  assert.ok(balanced, detail)
  return seen
}
