// SPDX-License-Identifier: Apache-2.0
/** Proves: what IP_ACCESS says of a connection happens to it, spec access-control.md 10. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { honest, startScriptedServer } from '../../test/peers/scripted-server.ts'
import type { DnsLookup } from '../ask/lookup.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { ConnectionAttempt, IpVerdict } from '../policy/access/outgoing.ts'
import type { ChannelDeps } from './deps.ts'
import { configOf, delivery, deps } from './fixture.ts'
import { createTcp } from './tcp.ts'

const signal = AbortSignal.timeout(60_000)
const table = { by: { by: 'table', table: 'IP_ACCESS' }, table: { table: 'IP_ACCESS', probe: '' } } as const

/** Two addresses nobody listens on, `127.0.0.8` and `127.0.0.7`, for every name. */
const twoHosts: ChannelDeps['resolver'] = {
  lookup: async (_name, type) =>
    (type === 'A'
      ? { kind: 'found', records: ['127.0.0.8', '127.0.0.7'], ttlSeconds: 1, authentic: false }
      : { kind: 'absent', why: 'nodata', ttlSeconds: 1 }) as DnsLookup<never>,
}

async function deliver(says: (attempt: ConnectionAttempt) => IpVerdict | undefined, self: readonly string[] = []) {
  await using server = await startScriptedServer(honest)
  const asked: string[] = []
  const ipAccess = async (attempt: ConnectionAttempt) => {
    const { channel, current, count, address, hostname } = attempt
    asked.push(`${channel}|${current}|${count}|${address}|${hostname}`)
    return says(attempt)
  }
  const own = new Set(self.map((address) => `${address}:${server.port}`))
  const given = { resolver: twoHosts, channel: 'tcp_out' as ChannelName, ipAccess, self: () => own }
  const config = configOf('tcp', { port: server.port, tls: 'never', addressFamilies: ['ipv4'] })
  await using channel = createTcp(config, deps(given))
  const outcomes = await channel.deliver(delivery(['kim@c.test']), { signal })
  const shown = outcomes.map((one) =>
    one.kind === 'deferred' || one.kind === 'failed' ? `${one.kind} ${one.status}` : one.kind,
  )
  return { asked, outcomes: shown, connections: server.connections }
}

test('IP_ACCESS is asked before each connection', async () => {
  const { asked, outcomes } = await deliver(() => undefined)
  assert.deepEqual(asked, ['tcp_out|1|2|127.0.0.8|c.test', 'tcp_out|2|2|127.0.0.7|c.test'])
  assert.deepEqual(outcomes, ['deferred 4.4.1'])
})

test('$A: another address; the first that takes the message ends it', async () => {
  const { asked, outcomes, connections } = await deliver(() => ({ do: 'connect', address: '127.0.0.1', ...table }))
  assert.deepEqual([asked.length, outcomes, connections], [1, ['relayed'], 1])
})

test('$A never leads to ourselves', async () => {
  const to = (): IpVerdict => ({ do: 'connect', address: '127.0.0.1', ...table })
  const { outcomes, connections } = await deliver(to, ['127.0.0.1'])
  assert.deepEqual([outcomes, connections], [['deferred 4.4.6'], 0])
})

test('$I: this one is skipped', async () => {
  const { asked, outcomes, connections } = await deliver(({ current }) =>
    current === 1 ? { do: 'skip', ...table } : { do: 'connect', address: '127.0.0.1', ...table },
  )
  assert.deepEqual([asked.length, outcomes, connections], [2, ['relayed'], 1])
})

test('$N: the message fails at once; a table that cannot be asked: later', async () => {
  const { asked, outcomes } = await deliver(() => ({ do: 'fail', text: 'secret', ...table }))
  assert.deepEqual([asked.length, outcomes], [1, ['failed 5.4.4']])
  const deferred = await deliver(() => ({ do: 'defer', cause: 'bound', ...table }))
  assert.deepEqual([deferred.outcomes, deferred.connections], [['deferred 4.3.0'], 0])
})
