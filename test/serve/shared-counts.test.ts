// SPDX-License-Identifier: Apache-2.0
/**
 * A throttle of a mapping table counts once for all workers: of a crowd on several processes just as many get in as the
 * row says.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { HOST, type Site, startSite } from '../interop/site.ts'

const RATE = 7
const MAPPINGS = `PORT_ACCESS

  TCP|*|*|127.0.0.2|*  $C$:A$[lib/conn_throttle.so,throttle,127.0.0.2,${RATE}]$N421$ not$ now$E
  *                    $YEXTERNAL
`

/** The code that each of so many connections hears first. */
async function crowd(site: Site, size: number): Promise<readonly string[]> {
  const greet = async (): Promise<string> => {
    const socket = connect({ port: site.ports.smtp, host: HOST, localAddress: '127.0.0.2' })
    try {
      const [octets] = await once(socket, 'data')
      return String(octets).slice(0, 3)
    } finally {
      socket.destroy()
    }
  }
  return await Promise.all(Array.from({ length: size }, greet))
}

test('of thirty at once on two workers, seven get in', async () => {
  await using site = await startSite({ workers: 2, files: { mappings: MAPPINGS } })
  const codes = await crowd(site, 30)
  assert.equal(codes.filter((code) => code === '220').length, RATE, codes.join(' '))
  assert.equal(codes.filter((code) => code === '421').length, 30 - RATE)
})
