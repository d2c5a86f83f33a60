// SPDX-License-Identifier: Apache-2.0
/** Proves: a channel with `lineLength` sends long lines encoded and tells the size of what it sends; else nothing changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSink } from '../demo/sink.ts'
import { configOf, delivery, deps } from './fixture.ts'
import { encodingLongLines, withLineLength } from './line-length.ts'
import { createTcp } from './tcp.ts'

const LONG = `Subject: a\r\n\r\n${'x'.repeat(90)}\r\n`

test('what is sent has short lines', async () => {
  await using sink = await startSink({ address: '127.0.0.1', port: 0 })
  const config = configOf('tcp', { smarthost: `127.0.0.1:${sink.port}`, tls: 'never', lineLength: 80 })
  await using channel = createTcp(config, deps())
  const [outcome] = await channel.deliver(delivery(['kim@example.org'], { text: LONG }), {
    signal: AbortSignal.timeout(60_000),
  })
  assert.equal(outcome?.kind, 'relayed')
  assert.match(sink.messages[0]?.content.toString() ?? '', /quoted-printable\r\n\r\nx{75}=\r\nx{15}\r\n$/)
})

test('the size is that of what is sent; nothing to change, or off: the same delivery', async () => {
  const given = delivery(['kim@example.org'], { text: LONG })
  const changed = await withLineLength(given, 80)
  let size = 0
  for await (const piece of changed.content()) size += piece.length
  assert.equal(changed.size, size)
  assert.ok(size > given.size)
  assert.equal(await withLineLength(given, 90), given)
  assert.equal(await withLineLength(given, 0), given)
})

test('what cannot be read, or was aborted, is tried later', async () => {
  const deliver = encodingLongLines(80, async () => assert.fail('delivered'))
  const given = delivery(['kim@example.org'])
  const unreadable = {
    ...given,
    content: async function* () {
      yield Buffer.from('A: b')
      throw new Error('disk')
    },
  }
  const status = async (...args: Parameters<typeof deliver>) =>
    (await deliver(...args)).map((outcome) => (outcome.kind === 'deferred' ? outcome.status : outcome.kind))
  assert.deepEqual(await status(unreadable, { signal: new AbortController().signal }), ['4.3.0'])
  assert.deepEqual(await status(given, { signal: AbortSignal.abort() }), ['4.3.2'])
})
