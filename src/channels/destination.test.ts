// SPDX-License-Identifier: Apache-2.0
/** Every kind of channel through destination.suite.ts; and what a reload keeps. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { honest, startScriptedServer } from '../../test/peers/scripted-server.ts'
import type { Revision } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import { startSink } from '../demo/sink.ts'
import { createBitbucket } from './bitbucket.ts'
import { destinationSuite } from './destination.suite.ts'
import type { Destination } from './destination.ts'
import { Destinations } from './destinations.ts'
import { address, configOf, delivery, deps } from './fixture.ts'
import { createHold } from './hold.ts'
import { createLmtp } from './lmtp.ts'
import { createLocal } from './local.ts'
import { createMaildir } from './maildir.ts'
import { createPipe } from './pipe.ts'
import { createTcp } from './tcp.ts'

const root = await mkdtemp(join(tmpdir(), 'postern-destinations-'))
after(() => rm(root, { recursive: true, force: true }))
const to = { address: address('kim@example.org') }

async function world(destination: Destination, peer?: AsyncDisposable) {
  return {
    destination,
    async [Symbol.asyncDispose]() {
      await destination[Symbol.asyncDispose]()
      await peer?.[Symbol.asyncDispose]()
    },
  }
}

destinationSuite({
  kind: 'tcp',
  well: 'relayed',
  reads: true,
  recipient: to,
  async open() {
    const sink = await startSink({ address: '127.0.0.1', port: 0 })
    return await world(createTcp(configOf('tcp', { smarthost: `127.0.0.1:${sink.port}`, tls: 'never' }), deps()), sink)
  },
})

destinationSuite({
  kind: 'tcp without extensions',
  well: 'relayed',
  reads: true,
  recipient: to,
  async open() {
    const peer = await startScriptedServer((c) => (c.startsWith('EHLO') ? '502 5.5.1 what\r\n' : honest(c)))
    return await world(createTcp(configOf('tcp', { smarthost: `127.0.0.1:${peer.port}`, tls: 'never' }), deps()), peer)
  },
})

destinationSuite({
  kind: 'lmtp',
  well: 'delivered',
  reads: true,
  recipient: to,
  async open() {
    let taken = 0
    const peer = await startScriptedServer((command) => {
      if (command.startsWith('MAIL')) taken = 0
      if (command.startsWith('RCPT')) taken++
      return command === '.' ? '250 2.1.5 stored\r\n'.repeat(taken) : honest(command)
    })
    return await world(createLmtp(configOf('lmtp', { host: `127.0.0.1:${peer.port}` }), deps()), peer)
  },
})

destinationSuite({
  kind: 'maildir',
  well: 'delivered',
  reads: true,
  recipient: to,
  open: () => world(createMaildir(configOf('maildir'), deps({ mailboxes: join(root, 'mailboxes') }))),
})

destinationSuite({
  kind: 'pipe',
  well: 'delivered',
  reads: true,
  recipient: to,
  open: () => world(createPipe(configOf('pipe', { command: ['/bin/sh', '-c', 'cat >/dev/null'] }), deps())),
})

destinationSuite({
  kind: 'local',
  well: 'expanded',
  reads: false,
  recipient: to,
  open: () => world(createLocal(deps())),
})

destinationSuite({ kind: 'hold', well: 'held', reads: false, recipient: to, open: () => world(createHold()) })
destinationSuite({
  kind: 'bitbucket',
  well: 'discarded',
  reads: false,
  recipient: { ...to, via: 'a rule' },
  open: () => world(createBitbucket()),
})

test('local: an address that stands for itself again is "later", not a circle', async () => {
  const [itself] = delivery([to]).recipients
  assert.ok(itself !== undefined)
  await using channel = createLocal(deps({ place: async () => ({ recipients: [itself], steps: [] }) }))
  const [outcome] = await channel.deliver(delivery([to]), { signal: AbortSignal.timeout(1000) })
  assert.equal(outcome?.kind, 'deferred')
})

test('a reload keeps the channels that did not change, and a channel that is gone can be asked no more', async () => {
  const revision = (channels: Readonly<Record<string, unknown>>): Revision => ({
    id: 'test' as Revision['id'],
    directory: root,
    config: ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {}, channels }),
    where: () => ({ by: 'default', setting: '', value: '' }),
  })
  await using destinations = new Destinations(deps())
  const at = () => new Map<string, Destination>(destinations.current())
  destinations.use(revision({ tcp_a: { kind: 'tcp' }, tcp_b: { kind: 'tcp' }, old: { kind: 'hold' } }))
  const before = at()
  destinations.use(revision({ tcp_a: { kind: 'tcp' }, tcp_b: { kind: 'tcp', port: 26 } }))
  const now = at()
  assert.equal(now.get('tcp_a'), before.get('tcp_a'))
  assert.notEqual(now.get('tcp_b'), before.get('tcp_b'))
  assert.equal(now.has('old'), false)
})
