// SPDX-License-Identifier: Apache-2.0
/** How long a start takes with a long queue: `node bench/store/start.ts [MESSAGES]`; a million unless told, of 100 octets. */
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MailAddress } from '../../src/address/address.ts'
import { createIds } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { anEnvelope, aRecipient, enqueue } from '../../src/queue/store.suite.ts'

const messages = Number(process.argv[2] ?? 1_000_000)
const directory = mkdtempSync(join(tmpdir(), 'postern-start-'))
const ids = createIds(Date.now, 9)
const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const started = performance.now()
  const result = await work()
  const { heapUsed, rss } = process.memoryUsage()
  const mib = (octets: number): string => `${Math.round(octets / 2 ** 20)} MiB`
  console.log(
    `${what}: ${((performance.now() - started) / 1000).toFixed(1)} s (heap ${mib(heapUsed)}, rss ${mib(rss)})`,
  )
  return result
}
try {
  const open = () => openLogStore(directory, { log: silentLog })
  const store = await open()
  await timed(`${messages} messages accepted`, async () => {
    let n = 0
    const writer = async (): Promise<void> => {
      while (n < messages) {
        const address = `kim@domain${n++ % 5000}.example` as MailAddress
        const recipients = [aRecipient(0, { address, given: address })]
        await enqueue(store, anEnvelope({ id: ids.message(), receivedAt: Date.now(), recipients }), 'x'.repeat(100))
      }
    }
    await Promise.all(Array.from({ length: 500 }, writer))
  })
  await timed('closed, with a checkpoint', async () => store[Symbol.asyncDispose]())
  const again = await timed('started from the checkpoint', open)
  if ([...again.entries()].length !== messages) throw new Error('messages are missing')
  await again[Symbol.asyncDispose]()
  await rm(join(directory, 'checkpoint'))
  const whole = await timed('started from the whole log', open)
  if ([...whole.entries()].length !== messages) throw new Error('messages are missing')
  await whole[Symbol.asyncDispose]()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
