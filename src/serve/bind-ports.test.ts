// SPDX-License-Identifier: Apache-2.0
/** Proves: ports that the last worker of a dead dispatcher lets go in this moment are had; a stranger's are an error. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Clock, ManualClock } from '../clock/clock.ts'
import { silentLog } from '../monitor/log.ts'
import { bindPorts } from './bind-ports.ts'

const HOST = '127.0.0.1'

async function holder(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const at = server.address()
  assert.ok(at !== null && typeof at === 'object')
  return { server, port: at.port }
}

/** A clock whose waits end when `meanwhile` is done; how many there were. */
function waits(meanwhile: () => void) {
  const count = { waits: 0 }
  const clock: Clock = new ManualClock()
  clock.after = (_, run) => {
    count.waits++
    meanwhile()
    setImmediate(run)
    return () => {}
  }
  return { clock, count }
}

test('a port that comes free when nobody of the spool is left', async () => {
  const spool = await mkdtemp(join(tmpdir(), 'postern-ports-'))
  const { server, port } = await holder()
  const { clock, count } = waits(() => void server.close())
  using ports = await bindPorts({ listeners: { mx: { address: HOST, port } }, server: { spool } }, clock, silentLog)
  assert.equal(ports.bound[0]?.port, port)
  assert.equal(count.waits, 1)
  await rm(spool, { recursive: true })
})

test('a port that somebody else has', async () => {
  const spool = await mkdtemp(join(tmpdir(), 'postern-ports-'))
  const { server, port } = await holder()
  const { clock, count } = waits(() => {})
  const listeners = { mx: { address: HOST, port } }
  await assert.rejects(bindPorts({ listeners, server: { spool } }, clock, silentLog), { code: 'EADDRINUSE' })
  assert.equal(count.waits, 1)
  server.close()
  await rm(spool, { recursive: true })
})
