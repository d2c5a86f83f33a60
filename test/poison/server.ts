// SPDX-License-Identifier: Apache-2.0
/**
 * A process for the tests beside it: the server's own parts, put together here so that one of them can be a bad one.
 * Content with POISON in it aborts the process, as a defect in native code would: in a stage that judges it, or in the
 * destination it is delivered to. `node server.ts DIRECTORY received|delivered` prints its port, then the senders of
 * what it delivers, serves until SIGTERM, and ends clean.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Destination } from '../../src/channels/destination.ts'
import { systemClock } from '../../src/clock/clock.ts'
import type { Revision } from '../../src/config/revision.ts'
import type { ChannelName } from '../../src/envelope/channel-name.ts'
import { createIds } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { noMetrics } from '../../src/monitor/metrics.ts'
import { openInHand } from '../../src/queue/in-hand.ts'
import { readBootId } from '../../src/queue/in-hand-disk.ts'
import { crashAnswer } from '../../src/queue/in-hand-host.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { QueueRunner } from '../../src/queue/runner.ts'
import type { Draft } from '../../src/queue/store.ts'
import { directory, makeRevision, startFixture } from '../conversations/server-fixture.ts'

const [, , folder = '.', when] = process.argv
const terminated = once(process, 'SIGTERM')
let poisoned = false

/** Sees what is received, and judges nothing. */
function seeing(draft: Draft): Draft {
  poisoned = false
  return {
    async write(chunk) {
      if (Buffer.from(chunk).includes('POISON')) poisoned = true
      await draft.write(chunk)
    },
    beginning: (most) => draft.beginning(most),
    commit: (envelope) => draft.commit(envelope),
    abort: () => draft.abort(),
    [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
  }
}

const plain = makeRevision()
/** The loop count asks for its setting; an unlooked message is not counted. */
const revision: Revision = {
  ...plain,
  where(...path) {
    if (when === 'received' && poisoned && path.join('.') === 'limits.received') process.abort()
    return plain.where(...path)
  },
}

const mailbox: Destination = {
  destinationKey: ({ domain }) => domain,
  async deliver({ envelope, recipients, content }) {
    for await (const chunk of content()) if (Buffer.from(chunk).includes('POISON')) process.abort()
    console.log(envelope.reversePath)
    return recipients.map(() => ({ kind: 'delivered', where: 'a mailbox' }))
  },
  [Symbol.asyncDispose]: async () => {},
}

await using store = await openLogStore(join(folder, 'queue'), { log: silentLog })
const run = { boot: readBootId(), pid: process.pid, startedAt: Date.now(), version: 'test' }
using inHand = openInHand({ path: join(folder, 'in-hand'), run, now: Date.now, log: silentLog })
const runner = new QueueRunner({
  store,
  destinations: () => new Map([['ims-ms' as ChannelName, mailbox]]),
  revision: () => revision,
  place: () => Promise.reject(new Error('nothing bounces here')),
  clock: systemClock,
  log: silentLog,
  metrics: noMetrics,
  traces: { append: () => {} },
  random: Math.random,
  randomBytes,
  ids: createIds(Date.now, process.pid % 0x100000),
  inHand,
})
const server = await startFixture({
  deps: {
    revision: () => revision,
    host: { ...directory(), ...crashAnswer(inHand) },
    begin: () => seeing(store.begin()),
    accepted: (id) => {
      if (when === 'delivered') runner.accepted(id)
    },
    inHand,
  },
})
console.log(server.port)
if (when === 'delivered') runner.start()
await terminated
await server.server.stop(1000)
await runner.stop(1000)
