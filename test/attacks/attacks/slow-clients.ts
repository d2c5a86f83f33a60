// SPDX-License-Identifier: Apache-2.0
/**
 * Slow-loris: clients that hold on in every state a session has, and send an octet a second so as not to look dead.
 * Others are served meanwhile; each of them loses its connection at limits.commandTimeout, limits.dataTimeout or the end
 * of the time for a handshake (30 s); one address gets limits.connectionsPerAddress places and no more.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Attack } from '../attack.ts'
import { Client } from '../client.ts'
import { crowdAddress, crowdSize, forEach } from '../crowd.ts'
import { impatient } from '../raised.ts'

const greeted = async (client: Client): Promise<void> => void (await client.expect(220))
const ready = async (client: Client): Promise<void> => {
  await greeted(client)
  await client.command('EHLO slow.example', 250)
}
const inMail = async (client: Client): Promise<void> => {
  await ready(client)
  await client.command('MAIL FROM:<slow@far.example>', 250)
  await client.command('RCPT TO:<kim@demo.test>', 250)
}

interface State {
  readonly name: string
  readonly reach: (client: Client) => Promise<unknown>
  /** What is sent every second; nothing where the client is silent. */
  readonly octet: string
}

const STATES: readonly State[] = [
  { name: 'connected', reach: async () => {}, octet: '' },
  { name: 'greeted', reach: greeted, octet: '' },
  { name: 'in a command line', reach: ready, octet: 'N' },
  {
    name: 'in DATA',
    octet: 'a',
    async reach(client) {
      await inMail(client)
      await client.command('DATA', 354)
    },
  },
  {
    name: 'in BDAT',
    octet: 'a',
    async reach(client) {
      await inMail(client)
      await client.send('BDAT 1000000 LAST\r\n')
    },
  },
  {
    name: 'in AUTH',
    octet: 'A',
    async reach(client) {
      await ready(client)
      await client.command('AUTH SCRAM-SHA-256', 334)
    },
  },
  {
    name: 'not reading replies',
    octet: '\r\n',
    async reach(client) {
      await ready(client)
      client.deafen()
      await client.send('EHLO deaf.example\r\n'.repeat(2000))
    },
  },
  {
    name: 'in the handshake',
    octet: '\x16',
    async reach(client) {
      await ready(client)
      await client.command('STARTTLS', 220)
    },
  },
]

/** The short form does not wait for what a setting cannot shorten: the time for a handshake. */
const waitedFor = (state: State, full: boolean): boolean => full || state.name !== 'in the handshake'

export const SLOW_CLIENTS: readonly Attack[] = [
  {
    name: 'slow-crowd',
    outcome: 'all of them are hung up on in time, in whatever state they are',
    boundMB: 768,
    settings: impatient,
    async run(scene) {
      const count = crowdSize(scene, 500, 10_000)
      const clients: { readonly client: Client; readonly state: State }[] = []
      await forEach(count, async (n) => {
        const state = STATES[n % STATES.length] ?? STATES[0]
        if (state === undefined) return
        const client = await Client.connect(scene.server.ports.smtp, { from: crowdAddress(n) })
        await state.reach(client).catch((error: unknown) => {
          // On a machine with other work some are hung up on before they are where they wanted to be.
          if (client.count(220) === 0 || (client.count(421) === 0 && !client.ended)) throw error
        })
        clients.push({ client, state })
      })
      const held = clients.filter(({ client }) => !client.ended).length
      const memory = scene.server.memory().now
      const open = (): typeof clients =>
        clients.filter(({ client, state }) => !client.ended && waitedFor(state, scene.full))
      const deadline = performance.now() + 150_000
      while (open().length > 0 && performance.now() < deadline) {
        for (const { client, state } of open()) void client.send(state.octet)
        await pause(scene.size(200, 1000))
      }
      const left = open().map(({ state }) => state.name)
      for (const { client } of clients) client.leave()
      assert.deepEqual([...new Set(left)], [])
      return `${count} connections, ${held} held at one time, then ${memory} MB`
    },
  },
  {
    name: 'slow-crowd-from-one-address',
    outcome: 'limits.connectionsPerAddress are held, the others are 421',
    boundMB: 384,
    async run(scene) {
      const count = scene.size(500, 10_000)
      const from = '127.0.0.68'
      const clients: Client[] = []
      await forEach(count, async () => {
        const client = await Client.connect(scene.server.ports.smtp, { from })
        await client.expect(220, 421)
        if (client.count(220) > 0) clients.push(client)
      })
      assert.equal(clients.length, 50)
      for (const client of clients) await client.command('NOOP', 250)
      for (const client of clients) client.leave()
      return `${count} connections, ${clients.length} held`
    },
  },
]
