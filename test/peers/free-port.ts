// SPDX-License-Identifier: Apache-2.0
/** A port for a program that cannot say which one it was given. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below those that the system gives to who connects, which could take one that is free now. */
const PORTS = { from: 20_000, to: 32_000 }
const given = new Set<number>()

/** Free now, given once by this process, and drawn by lot, so that another process hardly draws it too. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (given.has(port) || !(await isFree(port, host))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number, host: string): Promise<boolean> {
  const probe = createServer()
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, host, () => resolve(true))
  })
  if (free) await new Promise((resolve) => probe.close(resolve))
  return free
}
