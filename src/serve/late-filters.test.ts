// SPDX-License-Identifier: Apache-2.0
/** Proves: filters asked in the queue take their part of the memory of all, wait for it, and give it back whatever comes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import type { Host } from '../ask/ask.ts'
import { ManualClock } from '../clock/clock.ts'
import { ConfigSchema } from '../config/schema.ts'
import type { LoadedRevision } from '../config/where.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { recordingHost, revisionOf } from '../policy/access/fixture.ts'
import { anEnvelope, aRecipient } from '../queue/store.suite.ts'
import { ContentMemory, PATIENCE_MS } from '../smtp-server/content-memory.ts'
import { lateFilters } from './late-filters.ts'

const KIM = 'kim@example.org'
const CONTENT = 'Subject: hi\r\n\r\ntext\r\n'
const RECIPIENT = aRecipient(1, { address: KIM as MailAddress, channel: 'ims-ms' as ChannelName, user: KIM })

function setUp(script: string) {
  const base = revisionOf({})
  const { filters } = ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {} })
  const revision = { ...base, config: { ...base.config, filters } } as unknown as LoadedRevision
  const clock = new ManualClock()
  const memory = new ContentMemory(clock)
  const host: Host = {
    ...recordingHost().host,
    now: () => 0,
    'directory.filters': () => ({
      kind: 'found',
      value: { addresses: [KIM as MailAddress], personal: [script], domain: [] },
    }),
  }
  const filter = lateFilters({ revision: () => revision, host, memory })
  const ask = (content: () => AsyncIterable<Uint8Array>) =>
    filter(anEnvelope(), RECIPIENT, { size: CONTENT.length, content })
  return { clock, memory, ask, most: filters.memory }
}

async function* whole() {
  yield Buffer.from(CONTENT)
}

test('the script decides about what the recipient would get, and the memory is given back', async () => {
  const { ask, memory } = setUp('if header "subject" "hi" { discard; }')
  let during = 0
  const { decided } = await ask(async function* () {
    during = memory.octets
    yield* whole()
  })
  assert.equal(decided?.filtered?.dropped?.how, 'discard')
  assert.deepEqual([during, memory.octets], [CONTENT.length, 0])
})

test('no room in time: later; content that cannot be read: later too, and nothing is kept', async () => {
  const { ask, memory, clock, most } = setUp('discard;')
  const all = await memory.claim(most, most)
  const waiting = ask(whole)
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(PATIENCE_MS)
  assert.match((await waiting).defer ?? '', /too many/)
  all?.()
  const broken = ask(async function* () {
    yield* whole()
    throw new Error('EIO')
  })
  await assert.rejects(broken, /EIO/)
  assert.equal(memory.octets, 0)
})
