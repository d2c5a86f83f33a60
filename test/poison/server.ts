// SPDX-License-Identifier: Apache-2.0
/**
 * A process for reception.test.ts: the server's own parts, put together here so that one of them can be a bad one.
 * Content with POISON in it makes the stages that judge it abort the process, as a defect in native code would.
 * `node server.ts DIRECTORY` prints its port, serves until SIGTERM, and ends clean.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import type { Revision } from '../../src/config/revision.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { openFileStore } from '../../src/queue/file-store.ts'
import { openInHand } from '../../src/queue/in-hand.ts'
import { readBootId } from '../../src/queue/in-hand-disk.ts'
import { crashAnswer } from '../../src/queue/in-hand-host.ts'
import type { Draft } from '../../src/queue/store.ts'
import { directory, makeRevision, startFixture } from '../conversations/server-fixture.ts'

const [, , folder = '.'] = process.argv
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
    if (poisoned && path.join('.') === 'limits.received') process.abort()
    return plain.where(...path)
  },
}

await using store = await openFileStore(join(folder, 'queue'), { log: silentLog })
const run = { boot: readBootId(), pid: process.pid, startedAt: Date.now(), version: 'test' }
using inHand = openInHand({ path: join(folder, 'in-hand'), run, now: Date.now, log: silentLog })
const begin = async () => seeing(await store.begin())
const host = { ...directory(), ...crashAnswer(inHand) }
const server = await startFixture({ deps: { revision: () => revision, host, begin, inHand } })
console.log(server.port)
await terminated
await server.server.stop(1000)
