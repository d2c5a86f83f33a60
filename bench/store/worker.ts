// SPDX-License-Identifier: Apache-2.0
/**
 * One process of the comparison: `worker.ts KIND DIRECTORY MODULES WORK`. Works until killed or until an error, and says
 * each message that was acknowledged, or (speed) what a number of messages cost.
 */
import { writeSync } from 'node:fs'
import { createIds, type MessageId } from '../../src/envelope/message-id.ts'
import { open } from './candidates.ts'

const [kind = '', directory = '', modules = '', work = '', count = '20000'] = process.argv.slice(2)
const store = await open(kind === 'lmdb' ? 'lmdb' : 'log', directory, modules)
const ids = createIds(Date.now, process.pid % 2 ** 20)
/** A full pipe is asked again: what was said counts as acknowledged, so it must have been said. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error
    }
  }
}
const content = Buffer.alloc(4096, 'content ')

if (work === 'speed') {
  let left = Number(count)
  const writer = async (): Promise<void> => {
    while (left-- > 0) {
      const id = ids.message()
      await store.accept(id, content)
      await store.end(id)
    }
  }
  const before = process.cpuUsage()
  const started = performance.now()
  await Promise.all(Array.from({ length: 100 }, writer))
  const ms = performance.now() - started
  const { user, system } = process.cpuUsage(before)
  say(JSON.stringify({ perSecond: (Number(count) / ms) * 1000, cpuMicros: (user + system) / Number(count) }))
  await store.close()
} else if (work === 'accept') {
  const writer = async (): Promise<void> => {
    for (;;) {
      const id = ids.message()
      await store.accept(id, content)
      say(id)
    }
  }
  try {
    await Promise.all(Array.from({ length: 10 }, writer))
  } catch (error) {
    say(`error ${error instanceof Error ? error.message.split('\n')[0] : error}`)
    await new Promise((resolve) => setTimeout(resolve, 300)) // the others find the same
    process.exit(0)
  }
} else {
  // What is there, whether it can be read, and whether its end can be written down.
  const found: string[] = []
  for (const id of (await store.ids()) as readonly MessageId[]) found.push(`${id} ${await store.read(id)}`)
  if (work === 'end') {
    let ended = 0
    try {
      for (const id of (await store.ids()) as readonly MessageId[]) {
        await store.end(id)
        ended++
      }
    } catch (error) {
      found.push(`error ${error instanceof Error ? error.message.split('\n')[0] : error}`)
    }
    found.push(`ended ${ended}`)
  }
  process.stdout.write(found.map((line) => `${line}\n`).join(''), () => process.exit(0))
}
