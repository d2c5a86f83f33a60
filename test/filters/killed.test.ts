// SPDX-License-Identifier: Apache-2.0
/** Proves: a server that is killed has forgotten no reply it sent and no duplicate it saw (spec filters.md 10, RFC 7352). */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDirectory } from '../../src/directory/embedded.ts'
import { DOMAIN } from '../interop/site.ts'
import { Client } from '../serve/client.ts'
import { type Server, scratchSite, soon } from '../serve/server.ts'
import { messagesIn } from './site.ts'

const KIM = `kim@${DOMAIN}`
const SCRIPT = 'require ["vacation", "duplicate"]; if duplicate { discard; stop; } vacation "Away.";'

async function send(port: number, id: string): Promise<void> {
  using client = await Client.connect(port)
  await client.reply()
  for (const line of ['EHLO client.test', 'MAIL FROM:<pat@outside.test>', `RCPT TO:<${KIM}>`, 'DATA'])
    assert.match((await client.say(line)) ?? '', /^[23]/, line)
  const text = `From: pat@outside.test\r\nTo: ${KIM}\r\nMessage-ID: <${id}@outside.test>\r\n\r\nText.\r\n.`
  assert.match((await client.say(text)) ?? '', /^250 /)
}

/** Replies that wait for an operator, once nothing else is on its way. */
async function replies(server: Server): Promise<number> {
  return await soon('an idle queue', async () => {
    await using control = await server.control()
    const { queued, held } = await control.call('status', {})
    return queued === 0 ? held : undefined
  })
}

test('killed after a reply and a delivery: neither is done again', { timeout: 300_000 }, async () => {
  await using site = await scratchSite({ routes: [{ domain: 'outside.test', channel: 'hold' }] })
  const entries = openDirectory(join(site.folder, 'spool', 'directory.sqlite'))
  const found = await entries.ruleStore.rules(KIM)
  assert.ok(found.kind === 'found')
  await entries.ruleStore.replace(KIM, [SCRIPT], found.value.state)
  entries.close()

  const first = await site.start()
  await send(site.port, '1')
  await soon('the reply', async () => ((await replies(first)) === 1 ? true : undefined))
  assert.equal((await messagesIn(site.mailbox)).length, 1)
  first.signal('SIGKILL', 'group')
  await first.ended

  const second = await site.start()
  await send(site.port, '1')
  await send(site.port, '2')
  await soon('the new message', async () => ((await messagesIn(site.mailbox)).length === 2 ? true : undefined))
  assert.equal(await replies(second), 1)
  assert.equal((await messagesIn(site.mailbox)).length, 2)
  await second.stop()
})
