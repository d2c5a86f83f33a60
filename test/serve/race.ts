// SPDX-License-Identifier: Apache-2.0
/** Many clients race for few places, over several workers: never one too many, never one too few. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { HOST } from '../interop/site.ts'
import { type ScratchSite, type Server, soon } from './server.ts'

export const LIMIT = 10
export const CLIENTS = 50

export interface Racer {
  readonly socket: Socket
  readonly served: boolean
}

/** Resolves once the greeting, or the refusal, is there. */
function greeted(port: number, localAddress: string): Promise<Racer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: HOST, localAddress })
    socket.once('data', (chunk) => {
      const code = chunk.toString('latin1', 0, 3)
      assert.match(code, /^(?:220|421)$/)
      resolve({ socket, served: code === '220' })
    })
    socket.once('error', reject)
  })
}

/** One round: everybody comes at once, from the addresses given; how many were served. */
export async function race(port: number, from: (client: number) => string): Promise<readonly Racer[]> {
  return await Promise.all(Array.from({ length: CLIENTS }, (_, client) => greeted(port, from(client))))
}

export const served = (racers: readonly Racer[]): number => racers.filter((racer) => racer.served).length

/** All hang up, and all places are free. */
export async function leave(server: Server, racers: readonly Racer[]): Promise<void> {
  for (const { socket } of racers) socket.destroy()
  await using client = await server.control()
  await soon('all places free', async () => ((await client.call('status', {})).connections === 0 ? true : undefined))
}

/** @param from the addresses of a round */
export async function rounds(
  site: ScratchSite,
  server: Server,
  count: number,
  from: (client: number, round: number) => string,
): Promise<void> {
  for (let round = 0; round < count; round++) {
    const racers = await race(site.port, (client) => from(client, round))
    assert.equal(served(racers), LIMIT, `round ${round}`)
    await leave(server, racers)
  }
}

export async function reload(server: Server): Promise<string> {
  await using client = await server.control()
  return (await client.call('reload', {})).revision
}

/** Per address, per network, in all, per minute, and after the workers that held the places died. */
export async function raceAll(site: ScratchSite, server: Server, count: number): Promise<void> {
  const many = { connectionsPerNetwork: 1000, connectionsPerAddress: 1000, connections: 1000 }
  await site.configure({ limits: { ...many, connectionsPerAddress: LIMIT } })
  await reload(server)
  await rounds(site, server, count, () => '127.0.0.2')
  await site.configure({ limits: { ...many, connectionsPerNetwork: LIMIT } })
  await reload(server)
  await rounds(site, server, Math.ceil(count / 8), (client) => `127.0.2.${client + 1}`)
  await site.configure({ limits: { ...many, connections: LIMIT } })
  await reload(server)
  await rounds(site, server, Math.ceil(count / 8), (client) => `127.0.${client + 3}.1`)
  await site.configure({ limits: { ...many, connectionsPerMinute: LIMIT } })
  await reload(server)
  // Each round is somebody else's: a minute is longer than the test.
  await rounds(site, server, Math.ceil(count / 8), (_, round) => `127.1.${round >> 8}.${round & 255}`)

  await site.configure({ limits: { ...many, connectionsPerAddress: LIMIT } })
  await reload(server)
  const held = await race(site.port, () => '127.0.0.2')
  assert.equal(served(held), LIMIT)
  for (const { socket } of held) socket.on('error', () => {})
  const victims = (await server.serving()).map(({ pid }) => pid ?? 0)
  for (const pid of victims) process.kill(pid, 'SIGKILL')
  await soon('successors', async () =>
    (await server.workers()).every(({ state, pid }) => state === 'serving' && !victims.includes(pid ?? 0))
      ? true
      : undefined,
  )
  for (const { socket } of held) socket.destroy()
  await rounds(site, server, Math.ceil(count / 8), () => '127.0.0.2')
}
