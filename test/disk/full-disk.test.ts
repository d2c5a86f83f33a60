// SPDX-License-Identifier: Apache-2.0
/**
 * A disk that fills up, for real: a spool on a file system of 16 MiB. New mail is refused before it is full and an alarm
 * is raised once; what was accepted before leaves while it is full; once there is room again mail is taken again.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { startSink } from '../../src/demo/sink.ts'
import type { Health } from '../../src/monitor/health.ts'
import { reply } from '../../src/smtp/reply.ts'
import { Peer } from '../conversations/peer.ts'
import { eventually, temporaryFolder } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'

const INSIDE = '127.0.0.3'
const MIB = 1024 * 1024

/** `undefined` when this account may not mount. */
async function smallDisk(folder: string, cleanup: AsyncDisposableStack): Promise<string | undefined> {
  const path = join(folder, 'spool')
  await mkdir(path)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', path]).status !== 0) return undefined
  cleanup.defer(() => void spawnSync('umount', ['--lazy', path]))
  return path
}

async function serving(folder: string, next: number, cleanup: AsyncDisposableStack) {
  const [port, monitor] = [await freePort(), await freePort()]
  const config = {
    server: { hostname: 'mx.example.org' },
    listeners: { smtp: { service: 'smtp', address: '127.0.0.1', port } },
    networks: { own: [`${INSIDE}/32`] },
    routes: [{ domain: '*', channel: 'tcp_local', via: `127.0.0.9:${next}` }],
    queue: { retry: ['1s'] },
    dns: { servers: ['127.0.0.1:1'], timeout: '1s' },
    monitor: { port: monitor },
  }
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config))
  const program = join(import.meta.dirname, '..', '..', 'bin', 'postern.mjs')
  const child = spawn(process.execPath, [program, 'serve', '--config', folder], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  cleanup.defer(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const events: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => events.push(eventOf(line)))
  await eventually('ready', () => (events.includes('ready') ? true : undefined), 30_000)
  // Of the disk alone: a test machine may be short of other things.
  const room = async (): Promise<boolean> => {
    const found = (await (await fetch(`http://127.0.0.1:${monitor}/health`)).json()) as Health
    return found.checks.find(({ name }) => name === 'free space')?.ok ?? assert.fail('no check of the disk')
  }
  return { port, events, room }
}

function eventOf(line: string): string {
  try {
    return String(JSON.parse(line).event)
  } catch {
    return line
  }
}

/** The code of the last reply: of the content, or of the command that was refused. */
async function send(port: number, octets: number): Promise<string> {
  await using peer = await Peer.connect(port, { from: INSIDE })
  await peer.reply()
  const body = Buffer.concat([
    Buffer.from('Subject: x\r\n\r\n'),
    Buffer.from(`${'x'.repeat(78)}\r\n`.repeat(octets / 80)),
  ])
  for (const line of ['EHLO client.example', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.com>', 'DATA']) {
    await peer.send(Buffer.from(`${line}\r\n`))
    const { code } = await peer.reply()
    if (Number(code) >= 400) return code
  }
  await peer.send(Buffer.concat([body, Buffer.from('.\r\n')]))
  return (await peer.reply()).code
}

test('a disk of 16 MiB that fills up', { timeout: 240_000 }, async (t: TestContext) => {
  if (process.getuid?.() !== 0) return t.skip('needs root, to mount a small file system')
  await using cleanup = new AsyncDisposableStack()
  const folder = await temporaryFolder(cleanup)
  const spool = await smallDisk(folder, cleanup)
  if (spool === undefined) return t.skip('mount is not permitted here')

  let closed = true
  const next = await freePort('127.0.0.9')
  const sink = await startSink({
    address: '127.0.0.9',
    port: next,
    answer: (command) => (closed && /^RCPT/i.test(command) ? reply(450, '2.1', 'Not now') : undefined),
  })
  cleanup.use(sink)
  const { port, events, room } = await serving(folder, next, cleanup)
  assert.equal(await send(port, 1000), '250')
  assert.equal(await send(port, 1000), '250')
  assert.equal(await room(), true)

  const { bavail, bsize } = await statfs(spool)
  const filler = join(spool, 'filler')
  await writeFile(filler, Buffer.alloc(bavail * bsize - MIB))
  await eventually('452', async () => ((await send(port, 1000)) === '452' ? true : undefined), 30_000)
  await eventually('no room', async () => ((await room()) ? undefined : true), 30_000)
  closed = false
  const delivered = () => (sink.messages.length >= 2 ? true : undefined)
  await eventually('the queued messages leave', delivered, 30_000)
  assert.equal(await send(port, 1000), '452')

  await rm(filler)
  await eventually('250 again', async () => ((await send(port, 1000)) === '250' ? true : undefined), 30_000)
  await eventually('room again', async () => ((await room()) ? true : undefined), 30_000)
  // The log comes a moment after what it tells of.
  await eventually('told', () => (events.includes('alarm.free-space.over') ? true : undefined), 30_000)
  assert.deepEqual(
    events.filter((event) => event.startsWith('alarm.free-space')),
    ['alarm.free-space', 'alarm.free-space.over'],
  )
})
