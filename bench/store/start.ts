// SPDX-License-Identifier: Apache-2.0
/** How long a start takes with a long queue: `node bench/store/start.ts [MESSAGES]`; a million unless told, of 100 octets. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MailAddress } from '../../src/address/address.ts'
import { createIds } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { anEnvelope, aRecipient, enqueue } from '../../src/queue/store.suite.ts'

const [count = '1000000', phase = 'all', given = ''] = process.argv.slice(2)
const messages = Number(count)

/** Each phase in a process of its own, as a start is. */
function run(what: string, directory: string): void {
  execFileSync(process.execPath, [import.meta.filename, count, what, directory], { stdio: 'inherit' })
}

const open = (directory: string) => openLogStore(directory, { log: silentLog })

async function fill(directory: string): Promise<void> {
  const store = await open(directory)
  const ids = createIds(Date.now, 9)
  let n = 0
  const writer = async (): Promise<void> => {
    while (n < messages) {
      const address = `kim@domain${n++ % 5000}.example` as MailAddress
      const recipients = [aRecipient(0, { address, given: address })]
      await enqueue(store, anEnvelope({ id: ids.message(), receivedAt: Date.now(), recipients }), 'x'.repeat(100))
    }
  }
  await Promise.all(Array.from({ length: 500 }, writer))
  await store[Symbol.asyncDispose]()
}

async function start(directory: string): Promise<void> {
  const before = process.cpuUsage()
  const started = performance.now()
  const store = await open(directory)
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  const { heapUsed } = process.memoryUsage()
  console.log(
    `${messages} messages, started from the ${store.recovered.fromCheckpoint ? 'checkpoint' : 'whole log'}: ` +
      `${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU, heap ${Math.round(heapUsed / 2 ** 20)} MiB`,
  )
  if ([...store.entries()].length !== messages) throw new Error('messages are missing')
  process.exit(0) // as a kill would: no new checkpoint
}

if (phase === 'fill') await fill(given)
else if (phase === 'start') await start(given)
else {
  const directory = mkdtempSync(join(tmpdir(), 'postern-start-'))
  try {
    run('fill', directory)
    run('start', directory)
    rmSync(join(directory, 'checkpoint'))
    run('start', directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
