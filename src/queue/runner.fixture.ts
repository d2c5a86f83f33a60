// SPDX-License-Identifier: Apache-2.0
/** The runner with a clock turned by hand, a store in memory and destinations that do what a test tells them. */
import type { Destination } from '../channels/destination.ts'
import type { AbortWish } from '../clock/abort.ts'
import { ManualClock } from '../clock/clock.ts'
import type { Revision, RevisionId } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { createIds } from '../envelope/message-id.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { type Log, silentLog } from '../monitor/log.ts'
import { noMetrics } from '../monitor/metrics.ts'
import type { DeliveryRecord, TraceRecord } from '../policy/trace.ts'
import type { InHand } from './in-hand.ts'
import { MemoryStore } from './memory-store.ts'
import { queueOperations } from './operations.ts'
import { QueueRunner } from './runner.ts'
import type { RunnerDeps } from './runner-parts.ts'
import { anEnvelope, aRecipient, enqueue } from './store.suite.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const OUT = 'tcp_local' as ChannelName
export const HOME = 'ims-ms' as ChannelName

const revisionOf = (channel = { concurrency: 3, perDestination: 2 }): Revision => ({
  id: '0123456789ab' as RevisionId,
  directory: '/',
  config: ConfigSchema.parse({
    server: { hostname: 'mail.example.net' },
    listeners: {},
    channels: { tcp_local: { kind: 'tcp', ...channel }, 'ims-ms': { kind: 'maildir' } },
  }),
  where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
})

export type Script = (delivery: Delivery, signal: AbortWish) => readonly Outcome[] | Promise<readonly Outcome[]>

export const OK: Outcome = { kind: 'relayed', remote: { mta: 'mx.example.org', reply: '250 ok' }, dsn: true }
export const LATER: Outcome = { kind: 'deferred', status: '4.4.1', reason: 'no answer' }
export const NEVER: Outcome = { kind: 'failed', status: '5.1.1', reason: 'no such user', remote: { reply: '550 no' } }
export const each =
  (outcome: Outcome): Script =>
  ({ recipients }) =>
    recipients.map(() => outcome)

/** A peer that says nothing until it is told to end. */
export const untilAborted: Script = ({ recipients }, signal) => {
  const { promise, resolve } = Promise.withResolvers<readonly Outcome[]>()
  const end = (): void => resolve(recipients.map(() => LATER))
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  return promise
}

export interface World {
  readonly clock?: ManualClock
  readonly store?: MemoryStore
  readonly inHand?: InHand
  readonly dequeueAccess?: NonNullable<RunnerDeps['dequeueAccess']>
  readonly channel?: { readonly concurrency: number; readonly perDestination: number }
}

export function setUp(script: Script, world: World = {}) {
  const { clock = new ManualClock(), store = new MemoryStore(), inHand, channel, dequeueAccess } = world
  const revision = revisionOf(channel)
  const ids = createIds(() => clock.now(), 1)
  const records: TraceRecord[] = []
  const logged: string[] = []
  const log: Log = {
    ...silentLog,
    child: () => log,
    error: (event) => logged.push(event),
    warn: (event) => logged.push(event),
  }
  const deliveries: Delivery[] = []
  const home: Delivery[] = []
  /** What came to `home`, as text. */
  const texts: string[] = []
  const destination = (run: Script, kept: Delivery[]): Destination => ({
    destinationKey: ({ domain }) => domain,
    deliver: async (delivery, { signal }) => {
      kept.push(delivery)
      return run(delivery, signal)
    },
    [Symbol.asyncDispose]: async () => {},
  })
  const destinations = new Map([
    [OUT, destination((delivery, signal) => script(delivery, signal), deliveries)],
    [
      HOME,
      destination(async (delivery) => {
        texts.push(Buffer.concat(await Array.fromAsync(delivery.content())).toString())
        return delivery.recipients.map(() => ({ kind: 'delivered', where: 'mailbox' }))
      }, home),
    ],
  ])
  const runner = new QueueRunner({
    store,
    destinations: () => destinations,
    revision: () => revision,
    place: async (address) => ({ recipients: [{ address, given: address, channel: HOME }], steps: [] }),
    clock,
    log,
    metrics: noMetrics,
    traces: { append: (record) => records.push(record) },
    random: () => 0.5,
    randomBytes: (octets) => new Uint8Array(octets).fill(7),
    ids,
    ...(inHand === undefined ? {} : { inHand }),
    ...(dequeueAccess === undefined ? {} : { dequeueAccess }),
  })
  const operations = queueOperations(store, runner, () => clock.now())
  const put = async (over: Partial<Envelope> = {}): Promise<Envelope> => {
    const envelope = anEnvelope({ receivedAt: clock.now(), recipients: [aRecipient(0)], ...over })
    await enqueue(store, envelope, 'Subject: Hi\r\n\r\nHello\r\n')
    runner.accepted(envelope.id)
    return envelope
  }
  /** Lets time pass in steps, so that every attempt ends before the next is due. */
  const pass = async (ms: number, step = MINUTE): Promise<void> => {
    for (let left = ms; left > 0; left -= step) {
      clock.advance(Math.min(step, left))
      await quiet()
    }
  }
  const quiet = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  const attempts = (): DeliveryRecord[] =>
    records.filter((record) => record.record === 'delivery').filter(({ channel }) => channel === OUT)
  return {
    clock,
    store,
    runner,
    operations,
    put,
    pass,
    quiet,
    deliveries,
    home,
    texts,
    attempts,
    records,
    logged,
    destinations,
  }
}
