// SPDX-License-Identifier: Apache-2.0
/** The process that queue-kill.test.ts kills: accepts, defers and delivers, and says what has been acknowledged. */
import { writeSync } from 'node:fs'
import type { MailAddress } from '../../src/address/address.ts'
import type { ChannelName } from '../../src/envelope/channel-name.ts'
import { createIds, type MessageId } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'

const [directory = '', round = '0'] = process.argv.slice(2)
const store = await openLogStore(directory, { log: silentLog })
const ids = createIds(Date.now, Number(round))
const say = (line: string): void => void writeSync(1, `${line}\n`) // before anything else happens
say('open')

async function work(worker: number): Promise<never> {
  for (let n = 0; ; n++) {
    const id = ids.message()
    const recipients = [0, 1].map((index) => ({
      index,
      address: `r${index}@example.org` as MailAddress,
      given: `r${index}@example.org`,
      channel: 'tcp_local' as ChannelName,
    }))
    const content = `${id}\r\n`.repeat(1 + ((worker * 7 + n) % 50))
    await using draft = store.begin()
    await draft.write(Buffer.from(content))
    await draft.commit({
      id,
      reversePath: null,
      receivedAt: Date.now(),
      source: 'l' as ChannelName,
      origin: { session: ids.session(), protocol: 'local' },
      revision: 'r',
      smtputf8: false,
      body: '7bit',
      size: content.length,
      edits: [],
      recipients,
    })
    say(`accepted ${id}`)
    await settle(id, n)
  }
}

/** A third stays as it is, a third is half delivered, a third leaves. */
async function settle(id: MessageId, n: number): Promise<void> {
  for (let recipient = 0; recipient < n % 3; recipient++) {
    say(`trying ${id} ${recipient}`)
    await store.record(id, [{ event: 'delivered', recipient, at: Date.now(), where: 'here' }])
    say(`delivered ${id} ${recipient}`)
  }
}

await Promise.all([0, 1, 2, 3].map(work))
