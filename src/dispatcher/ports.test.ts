// SPDX-License-Identifier: Apache-2.0
/** Proves: one port is served by several servers on inherited descriptors, and nothing is accepted by who bound it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { Ports } from './ports.ts'

const LOOPBACK = { address: '127.0.0.1', port: 0 }

const SERVER = `
  require('node:net').createServer((socket) => socket.end(process.argv[1])).listen({ fd: 3 }, () => console.log('listening'))
`

async function answer(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  return text
}

test('children that inherit the descriptor serve the port; who bound it accepts nothing', async () => {
  using ports = new Ports({ mx: LOOPBACK })
  const [bound] = ports.bound
  assert.ok(bound)
  const child = (name: string) =>
    spawn(process.execPath, ['-e', SERVER, name], { stdio: ['ignore', 'pipe', 'inherit', bound.fd] })
  const one = child('one')
  await once(one.stdout ?? assert.fail(), 'data')
  assert.equal(await answer(bound.port), 'one')
  const two = child('two')
  await once(two.stdout ?? assert.fail(), 'data')
  one.kill('SIGKILL')
  await once(one, 'exit')
  for (let i = 0; i < 5; i++) assert.equal(await answer(bound.port), 'two')
  two.kill('SIGKILL')
  await once(two, 'exit')
})

test('an address that cannot be had is an error with its code, and the others are let go', () => {
  assert.throws(() => new Ports({ mx: LOOPBACK, other: { address: '192.0.2.1', port: 2525 } }), {
    code: 'EADDRNOTAVAIL',
    message: 'listener other: EADDRNOTAVAIL 192.0.2.1:2525',
  })
})

test('a port somebody listens on is an error', async () => {
  const server = createServer().listen(LOOPBACK.port, LOOPBACK.address)
  await once(server, 'listening')
  const at = server.address()
  assert.ok(at !== null && typeof at === 'object')
  assert.throws(() => new Ports({ mx: { address: LOOPBACK.address, port: at.port } }), { code: 'EADDRINUSE' })
  server.close()
})
