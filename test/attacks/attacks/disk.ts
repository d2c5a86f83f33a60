// SPDX-License-Identifier: Apache-2.0
/**
 * Writing the disk full through log and history (design 2.2): what strangers provoke without sending mail is summed
 * after the first few of a minute.
 */
import assert from 'node:assert/strict'
import type { Attack, Scene } from '../attack.ts'
import { Client } from '../client.ts'
import { forEach } from '../crowd.ts'
import { megabytes } from '../server.ts'

const KB = 1024
/** The prober writes too: it sends mail, which is nobody's attack. */
const PROBE_OCTETS = 12 * KB
const PROBES_A_SECOND = 10

/** Runs it, and asserts what it wrote into the log and the history, besides the prober. */
async function written({ server }: Scene, bound: number, work: () => Promise<void>): Promise<string> {
  const before = await server.written()
  const started = performance.now()
  await work()
  const after = await server.written()
  const probes = ((performance.now() - started) / 1000 + 2) * PROBES_A_SECOND * PROBE_OCTETS
  const log = after.log - before.log
  const history = after.history - before.history
  const seen = `log ${megabytes(log)}, history ${megabytes(history)}`
  assert.ok(
    log + history < bound + probes,
    `written: ${seen}, of ${megabytes(bound)} and ${megabytes(probes)} for probes`,
  )
  return seen
}

const BOUND = 2 * KB * KB

export const DISK: readonly Attack[] = [
  {
    name: 'refused-connections',
    outcome: 'less than 2 MB is written, however many there are',
    boundMB: 384,
    async run(scene) {
      const count = scene.size(1000, 20_000)
      const port = scene.server.ports.smtp
      const from = '127.0.0.67'
      const holders = await Promise.all(Array.from({ length: 50 }, () => Client.greeted(port, { from })))
      const seen = await written(scene, BOUND, () =>
        forEach(count, async () => {
          const client = await Client.connect(port, { from })
          await client.expect(421)
          await client.closed()
        }),
      )
      for (const holder of holders) holder.leave()
      return `${count} connections: ${seen}`
    },
  },
  {
    name: 'refused-transactions',
    outcome: 'less than 2 MB is written, however many there are',
    boundMB: 384,
    async run(scene) {
      const count = scene.size(1000, 20_000)
      const seen = await written(scene, BOUND, () =>
        forEach(
          count / 50,
          async (n) => {
            const client = await Client.greeted(scene.server.ports.smtp)
            await client.command(`EHLO ${'\x1b\\"'.repeat(1300)}`)
            await client.command(`EHLO ${n}.${'name.'.repeat(45)}example`)
            const transaction = `MAIL FROM:<${'x'.repeat(60)}@far.example>\r\nRCPT TO:<nobody@demo.test>\r\nRSET\r\n`
            await client.send(transaction.repeat(50))
            await client.replies(3 + 150)
            assert.equal(client.count(550), 50)
            client.leave()
          },
          20,
        ),
      )
      return `${count} transactions: ${seen}`
    },
  },
]
