// SPDX-License-Identifier: Apache-2.0
/**
 * A port for a program that cannot say which one it was given. To look whether a port is free takes it for a moment, so
 * processes that draw from the same ports disturb each other: each takes a block of ports for itself. A block belongs
 * to who listens on its first port, which the system takes back however a process ends.
 */
import { createServer } from 'node:net'

/** Below those that the system gives to who connects, which could take one that is free now. */
const PORTS = { from: 20_000, to: 32_000 }
const BLOCK_PORTS = 40
const HOST = '127.0.0.1'
const BLOCKS = Math.floor((PORTS.to - PORTS.from) / BLOCK_PORTS)

/** Of this process: the next port to give, and where its block ends. */
let next = 0
let end = 0

/** Free now, and given once by this process and by no other. @throws when all blocks are taken */
export async function freePort(host = HOST): Promise<number> {
  for (;;) {
    if (next === end) await takeBlock()
    // A caller beside this one may have taken the last while this one waited.
    if (next === end) continue
    const port = next++
    const probe = await listen(port, host)
    if (probe === undefined) continue
    await new Promise((resolve) => probe.close(resolve))
    return port
  }
}

async function takeBlock(): Promise<void> {
  // From different places, so that who starts together need not all try the same ones.
  const first = process.pid % BLOCKS
  for (let tried = 0; tried < BLOCKS; tried++) {
    const from = PORTS.from + ((first + tried) % BLOCKS) * BLOCK_PORTS
    const sign = await listen(from, HOST)
    if (sign === undefined) continue
    // For as long as the process lives, which does not live for it.
    sign.unref()
    next = from + 1
    end = from + BLOCK_PORTS
    return
  }
  throw new Error(`all ports from ${PORTS.from} to ${PORTS.to} are taken`)
}

/** `undefined` where somebody else listens. */
async function listen(port: number, host: string): Promise<ReturnType<typeof createServer> | undefined> {
  const server = createServer()
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen({ port, host, exclusive: true }, () => resolve(server))
  })
}
