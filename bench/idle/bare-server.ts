// SPDX-License-Identifier: Apache-2.0
/** The least there is to hold connections with in Node: a socket each, a greeting, and nothing else. */
import { createServer } from 'node:net'

const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.on('data', () => {})
  socket.write('220 bare\r\n')
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, () => {
  const address = server.address()
  process.send?.(typeof address === 'object' ? address?.port : 0)
})
process.on('disconnect', () => process.exit())
