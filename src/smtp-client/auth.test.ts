// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: a smart host that plays false at AUTH (RFC 4954) gets no mail, no more of the password than the mechanism has,
 * and no end of our time; and the mail waits, because a sign-in that fails is a slip of the site or of the host.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { honest, type Script, startScriptedServer } from '../../test/peers/scripted-server.ts'
import { configOf, delivery, deps } from '../channels/fixture.ts'
import { createTcp } from '../channels/tcp.ts'

const signal = AbortSignal.timeout(60_000)
const folder = await mkdtemp(join(tmpdir(), 'postern-auth-'))
after(() => rm(folder, { recursive: true, force: true }))

const COMMANDS = /^(EHLO|MAIL|RCPT|DATA|RSET|QUIT|\.$|greeting)/

/** Honest, with AUTH of these mechanisms, and replies to AUTH and to what follows it, one by one; the last for ever. */
function offering(mechanisms: string, replies: readonly string[]): Script {
  let at = 0
  return (command) => {
    if (command.startsWith('EHLO')) return `250-x\r\n250 AUTH ${mechanisms}\r\n`
    return COMMANDS.test(command) ? honest(command) : (replies[Math.min(at++, replies.length - 1)] ?? '')
  }
}

async function sendSignedIn(script: Script, password = 'secret') {
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password)
  await using server = await startScriptedServer(script)
  const smarthost = `127.0.0.1:${server.port}`
  await using channel = createTcp(
    configOf('tcp', { smarthost, tls: 'never', login: { user: 'me', passwordFile } }),
    deps(),
  )
  const [outcome] = await channel.deliver(delivery(['kim@example.org']), { signal })
  return {
    result: outcome?.kind === 'deferred' ? `deferred ${outcome.status}` : outcome?.kind,
    exchange: server.seen.filter((line) => !COMMANDS.test(line)),
    mailed: server.seen.some((line) => line.startsWith('MAIL')),
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const PLAIN = `AUTH PLAIN ${base64('\0me\0secret')}`
const OK = '235 2.7.0 hello\r\n'

for (const { name, mechanisms, replies, want, lines } of [
  { name: 'PLAIN', mechanisms: 'PLAIN', replies: [OK], want: 'relayed', lines: 1 },
  {
    name: 'PLAIN, the initial response passed over',
    mechanisms: 'PLAIN',
    replies: ['334 \r\n', OK],
    want: 'relayed',
    lines: 2,
  },
  {
    name: 'LOGIN',
    mechanisms: 'LOGIN',
    replies: ['334 VXNlcm5hbWU6\r\n', '334 UGFzc3dvcmQ6\r\n', OK],
    want: 'relayed',
    lines: 3,
  },
  { name: 'a wrong password', mechanisms: 'PLAIN', replies: ['535 5.7.8 no\r\n'], want: 'deferred 4.7.8', lines: 1 },
  { name: 'endless challenges to PLAIN', mechanisms: 'PLAIN', replies: ['334 \r\n'], want: 'deferred 4.4.2', lines: 2 },
  {
    name: 'endless challenges to LOGIN',
    mechanisms: 'LOGIN',
    replies: ['334 VXNlcm5hbWU6\r\n'],
    want: 'deferred 4.4.2',
    lines: 3,
  },
  {
    name: 'endless challenges to SCRAM',
    mechanisms: 'SCRAM-SHA-256',
    replies: ['334 \r\n'],
    want: 'deferred 4.4.2',
    lines: 4,
  },
  {
    name: 'a challenge that is no base64',
    mechanisms: 'LOGIN',
    replies: ['334 Username:\r\n'],
    want: 'deferred 4.4.2',
    lines: 1,
  },
  {
    name: 'a challenge of stray bits',
    mechanisms: 'LOGIN',
    replies: ['334 VX=\r\n'],
    want: 'deferred 4.4.2',
    lines: 1,
  },
  {
    name: 'a challenge of two lines',
    mechanisms: 'LOGIN',
    replies: ['334-VXNl\r\n334 cm5hbWU6\r\n'],
    want: 'deferred 4.4.2',
    lines: 1,
  },
  {
    name: 'a challenge longer than any',
    mechanisms: 'LOGIN',
    replies: [`334 ${'A'.repeat(8000)}\r\n`],
    want: 'deferred 4.4.2',
    lines: 3,
  },
  {
    name: 'a SCRAM challenge that makes no sense',
    mechanisms: 'SCRAM-SHA-256',
    replies: [`334 ${base64('r=x,s=eA==,i=4096')}\r\n`],
    want: 'deferred 4.4.2',
    lines: 1,
  },
  {
    name: '235 without the proof of SCRAM',
    mechanisms: 'SCRAM-SHA-256',
    replies: [OK],
    want: 'deferred 4.4.2',
    lines: 1,
  },
  { name: '250 for 235', mechanisms: 'PLAIN', replies: ['250 2.0.0 ok\r\n'], want: 'deferred 4.0.0', lines: 1 },
  { name: '421', mechanisms: 'PLAIN', replies: ['421 4.3.2 bye\r\n'], want: 'deferred 4.3.2', lines: 1 },
  { name: 'a reply too many', mechanisms: 'PLAIN', replies: [`${OK}${OK}`], want: 'deferred 4.4.2', lines: 1 },
  { name: 'no mechanism that we know', mechanisms: 'X-TRUST-ME', replies: [OK], want: 'deferred 4.4.2', lines: 0 },
])
  test(`signing in: ${name}`, async () => {
    const { result, exchange, mailed } = await sendSignedIn(offering(mechanisms, replies))
    assert.equal(result, want)
    assert.equal(exchange.length, lines)
    assert.equal(mailed, want === 'relayed')
  })

test('signing in: a 235 that comes before it is asked for counts as nothing, and nothing is said of the password', async () => {
  const { result, exchange } = await sendSignedIn((command) =>
    command.startsWith('EHLO') ? `250-x\r\n250 AUTH PLAIN\r\n${OK}` : honest(command),
  )
  assert.equal(result, 'deferred 4.4.2')
  assert.deepEqual(exchange, [])
})

test('signing in: a line end in the password stays inside it', async () => {
  const { exchange, result } = await sendSignedIn(offering('PLAIN', [OK]), 'secret\r\nMAIL FROM:<x@example.org>')
  assert.equal(result, 'relayed')
  assert.deepEqual(exchange, [`AUTH PLAIN ${base64('\0me\0secret\r\nMAIL FROM:<x@example.org>')}`])
  assert.deepEqual((await sendSignedIn(offering('PLAIN', [OK]))).exchange, [PLAIN])
})
