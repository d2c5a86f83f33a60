// SPDX-License-Identifier: Apache-2.0
/** SCRAM-SHA-256 over ManageSieve with our own client: the server's last word comes with OK (RFC 5804 §2.1, §1.3). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { clientExchange } from '../../src/sasl/client.ts'
import { Client, type Reply, unquote } from './client.ts'
import { startFixture } from './fixture.ts'

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

async function signIn(
  client: Client,
  password: string,
): Promise<{ readonly reply: Reply; readonly verified: boolean }> {
  const exchange = clientExchange('SCRAM-SHA-256', { login: 'kim', password, nonce: randomBytes(18).toString('hex') })
  await client.send(`AUTHENTICATE "SCRAM-SHA-256" "${base64(exchange.step(undefined))}"\r\n`)
  const challenge = Buffer.from(unquote(await client.line()), 'base64')
  await client.send(`"${base64(exchange.step(challenge))}"\r\n`)
  const reply = await client.reply()
  const [, last] = /^SASL "(.*)"$/.exec(reply.code) ?? []
  if (last !== undefined) exchange.step(Buffer.from(last, 'base64'))
  return { reply, verified: exchange.verified }
}

test('SCRAM-SHA-256: the password never travels, and the server proves that it knows it', async () => {
  await using fixture = await startFixture({
    config: [
      ['managesieve.requireTls', 'false'],
      ['sasl.mechanisms', '[SCRAM-SHA-256]'],
    ],
  })
  await using client = await Client.connect(fixture.port)
  assert.ok((await client.reply()).before.includes('"SASL" "SCRAM-SHA-256"'))
  const wrong = await signIn(client, 'guessed')
  assert.deepEqual([wrong.reply.is, wrong.verified], ['NO', false])
  const right = await signIn(client, 'secret')
  assert.deepEqual([right.reply.is, right.verified], ['OK', true])
  assert.equal((await client.ask('LISTSCRIPTS')).is, 'OK')
})
