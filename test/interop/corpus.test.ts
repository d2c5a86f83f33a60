// SPDX-License-Identifier: Apache-2.0
/**
 * Real mail, good and broken, relayed from the inside to a sink: below the trace header of this server (RFC 5321 §4.4)
 * every octet is as it came. Line ends are made CRLF once before sending, because SMTP knows no other.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSink } from '../../src/demo/sink.ts'
import { dotStuff } from '../../src/smtp/dot-stuff.ts'
import { Peer } from '../conversations/peer.ts'
import { eventually, INSIDE, SINK_HOST, startSite } from './site.ts'

const CORPUS = join(import.meta.dirname, '..', '..', '..', 'shared', 'corpus')
const CONNECTIONS = 4

test('every message of the corpus comes out as it went in', {
  skip: existsSync(CORPUS) ? false : 'the corpus is not here',
}, async (t) => {
  const messages: { readonly name: string; readonly content: Buffer }[] = []
  for await (const path of glob('**/*.eml', { cwd: CORPUS }))
    messages.push({ name: path, content: withCrlf(await readFile(join(CORPUS, path))) })
  assert.ok(messages.length > 100 && messages.length <= 1000, `${messages.length} messages`)
  t.diagnostic(`${messages.length} messages`)

  await using sink = await startSink({ address: SINK_HOST, port: 0 })
  const source = { nul: 'pass' }
  await using site = await startSite({
    routes: [{ domain: '*', channel: 'tcp_local', via: `[${SINK_HOST}]:${sink.port}` }],
    channels: { tcp_local: { kind: 'tcp', ...source }, tcp_intranet: { kind: 'tcp', ...source } },
    limits: { messageSize: '100MiB', headerSize: '100MiB', received: 1000 },
  })

  const waiting = messages.entries()
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      await using client = await Peer.connect(site.ports.smtp, { from: INSIDE })
      await expect(client, '220')
      await say(client, 'EHLO inside.test', '250')
      for (const [index, { name, content }] of waiting) {
        await say(client, 'MAIL FROM:<sender@inside.test> BODY=8BITMIME', '250')
        await say(client, `RCPT TO:<m${index}@outside.test>`, '250')
        await say(client, 'DATA', '354')
        for await (const piece of dotStuff(once(content))) await client.send(piece)
        await expect(client, '250', name)
      }
      await say(client, 'QUIT', '221')
    }),
  )
  await eventually('all messages at the sink', () => sink.messages.length >= messages.length || undefined, 20_000)

  assert.equal(sink.messages.length, messages.length)
  const arrived = new Map(sink.messages.map((message) => [message.to.join(), message]))
  for (const [index, { name, content }] of messages.entries()) {
    const got = arrived.get(`m${index}@outside.test`)
    assert.ok(got !== undefined, `${name} arrived`)
    assert.equal(got.from, 'sender@inside.test')
    const below = got.content.subarray(traceLength(got.content))
    assert.ok(below.equals(content), `${name}: ${difference(content, below)}`)
  }
})

async function say(client: Peer, line: string, code: string): Promise<void> {
  await client.send(Buffer.from(`${line}\r\n`))
  await expect(client, code, line)
}

async function expect(client: Peer, code: string, what = 'greeting'): Promise<void> {
  const reply = await client.reply()
  assert.equal(reply.code, code, `${what}: ${reply.raw}`)
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}

/** CRLF, LF and CR alone all become CRLF; a last line without an end gets one, as SMTP gives it. */
function withCrlf(content: Buffer): Buffer {
  const text = content.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n')
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1')
}

/**
 * Octets of the one Received: field at the top, and of the empty line that keeps it apart from the few of these
 * messages that begin with a blank.
 */
function traceLength(content: Buffer): number {
  const field = /^Received: from inside\.test [^;]*;[^;]{1,60} [+-]\d{4}\r\n(?:\r\n(?=[ \t]))?/.exec(
    content.subarray(0, 4096).toString('latin1'),
  )
  assert.ok(field !== null, 'a trace header on top')
  return field[0].length
}

function difference(wanted: Buffer, got: Buffer): string {
  let at = 0
  while (at < wanted.length && wanted[at] === got[at]) at++
  const near = (octets: Buffer): string =>
    JSON.stringify(octets.subarray(Math.max(0, at - 20), at + 40).toString('latin1'))
  return `${wanted.length} octets sent, ${got.length} came, first difference at ${at}: ${near(wanted)}, ${near(got)}`
}
