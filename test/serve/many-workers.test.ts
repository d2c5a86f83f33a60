// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, on one server with four workers: limits are exact across them, also behind a balancer; a session of TLS goes
 * on at another worker; reloads lose nothing, mix nothing, and are everybody's; operators are told of all of it.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { runCli } from '../../src/cli/run.ts'
import { DOMAIN, HOST, newMail } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'
import { Client, sendOne } from './client.ts'
import { raceAll, reload } from './race.ts'
import { reloadUnderLoad } from './reloads.ts'
import { type ScratchSite, type Server, scratchSite, soon } from './server.ts'

const KIM = `kim@${DOMAIN}`
const WORKERS = 4
let site: ScratchSite
let server: Server
let proxied = 0
let monitor = 0

before(async () => {
  proxied = await freePort()
  monitor = await freePort()
  site = await scratchSite({ server: { hostname: `mx.${DOMAIN}`, workers: WORKERS } })
  await site.configure({
    listeners: {
      smtp: { service: 'smtp', address: HOST, port: site.port },
      submissions: { service: 'submissions', address: HOST, port: site.submissions },
      proxied: { service: 'smtp', address: HOST, port: proxied, proxies: [`${HOST}/32`] },
    },
    monitor: { log: 'info', address: HOST, port: monitor },
    routes: [{ domain: 'outside.test', channel: 'hold' }],
  })
  server = await site.start()
})
after(async () => await site[Symbol.asyncDispose]())

/** What the command prints; it must find nothing wrong. */
async function postern(...args: readonly string[]): Promise<string> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  let text = ''
  stdout.on('data', (chunk) => {
    text += String(chunk)
  })
  const code = await runCli(['--config', site.folder, ...args], { stdin: process.stdin, stdout, stderr, env: {} })
  assert.equal(code, 0, `${args.join(' ')}: ${text}${String(stderr.read() ?? '')}`)
  return text
}

/** Has one message queued by each worker; the ids. */
async function oneOfEach(to: string): Promise<readonly string[]> {
  const ids = new Set<string>()
  const shards = new Set<string>()
  await soon('a message of each worker', async () => {
    const reply = await sendOne(site.port, to)
    const id = /^250 .*\b([0-9A-Z]{16,})\b/.exec(reply ?? '')?.[1]
    assert.ok(id !== undefined, reply)
    ids.add(id)
    const busy = (await server.workers()).filter(({ held, queued }) => held + queued > 0)
    for (const { index } of busy) shards.add(String(index))
    return shards.size === WORKERS ? true : undefined
  })
  return [...ids]
}

test('operators see all shards as one queue', async () => {
  const following = new AbortController()
  const followed: unknown[] = []
  const client = await server.control()
  const tail = client.follow('tail', (event) => void followed.push(event), following.signal)
  const ids = await oneOfEach('pat@outside.test')
  const { rows } = JSON.parse(await postern('queue', 'list', '--json')) as { rows: readonly { id: string }[] }
  assert.deepEqual(rows.map(({ id }) => id).toSorted(), ids.toSorted())
  for (const id of ids) {
    assert.match(await postern('queue', 'show', id), new RegExp(id))
    assert.match(await postern('explain', id), /pat@outside\.test/)
  }
  assert.match(await postern('track', 'pat@outside.test'), new RegExp(ids[0] ?? ''))
  await soon('every record to be followed', () =>
    ids.every((id) => followed.some((event) => JSON.stringify(event).includes(id))) ? true : undefined,
  )
  following.abort()
  await tail.catch(() => {})
  await client[Symbol.asyncDispose]()
  assert.match(await postern('status'), /^WORKER/m)
  assert.match(await postern('doctor'), /4 serving/)
  const metrics = await (await fetch(`http://${HOST}:${monitor}/metrics`)).text()
  assert.match(metrics, /^postern_workers_serving 4$/m)
  const accepted = /^postern_smtp_transactions_total\{[^}]*queued[^}]*\} (\d+)$/m.exec(metrics)?.[1]
  assert.equal(Number(accepted), ids.length, metrics.slice(0, 2000))
  assert.equal((await fetch(`http://${HOST}:${monitor}/health`)).status, 200)
  await postern('queue', 'delete', '--all')
  assert.deepEqual(JSON.parse(await postern('queue', 'list', '--json')).rows, [])
})

test('a dead worker’s counts stay in the sums, and its part of the queue is not left out silently', async () => {
  const total = async (): Promise<number> => {
    const text = await (await fetch(`http://${HOST}:${monitor}/metrics`)).text()
    return [...text.matchAll(/^postern_smtp_transactions_total\{[^}]*\} (\d+)$/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    )
  }
  const counted = await total()
  const victim = (await server.serving())[0]
  process.kill(victim?.pid ?? 0, 'SIGKILL')
  await using client = await server.control()
  await soon('the loss to be noticed', async () => {
    try {
      await client.call('queue.list', { limit: 10 })
      const [first] = await server.workers()
      return first?.state === 'serving' && first.pid !== victim?.pid ? true : undefined
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error)
      assert.equal(error.code, 'unavailable')
      return true
    }
  })
  await server.serving()
  assert.ok((await total()) >= counted)
})

test('a session of TLS goes on at whichever worker', async () => {
  const reused = new Set<boolean>()
  const first = await shake()
  for (let i = 0; i < 8; i++) reused.add((await shake(first.session)).reused)
  assert.deepEqual([first.reused, [...reused]], [false, [true]])
  const { pid } = (await server.serving())[1] ?? {}
  process.kill(pid ?? 0, 'SIGKILL')
  await soon('a successor', async () =>
    (await server.workers()).every((one) => one.state === 'serving' && one.pid !== pid) ? true : undefined,
  )
  for (let i = 0; i < 8; i++) assert.equal((await shake(first.session)).reused, true)
})

/** Connects to submissions, waits for the greeting, and for the ticket that comes with it in TLS 1.3. */
function shake(session?: Buffer): Promise<{ readonly reused: boolean; readonly session: Buffer }> {
  return new Promise((resolve, reject) => {
    let ticket = session
    let greeted = false
    const given = session === undefined ? {} : { session }
    const socket = connectTls({ host: HOST, port: site.submissions, rejectUnauthorized: false, ...given })
    const done = (): void => {
      if (!greeted || ticket === undefined) return
      resolve({ reused: socket.isSessionReused(), session: ticket })
      socket.end('QUIT\r\n')
    }
    socket.on('session', (given) => {
      ticket ??= given
      done()
    })
    socket.once('data', () => {
      greeted = true
      done()
    })
    socket.once('error', reject)
  })
}

test('behind a balancer it is the client’s address that is counted', async () => {
  await site.configure({ limits: { connectionsPerAddress: 2 } })
  await reload(server)
  const greetings = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const socket = connectPlain({ host: HOST, port: proxied, localAddress: HOST })
      socket.write(`PROXY TCP4 192.0.2.7 ${HOST} 4000 25\r\n`)
      const code = await new Promise<string>((resolve, reject) => {
        socket.once('data', (chunk) => resolve(chunk.toString('latin1', 0, 3))).once('error', reject)
      })
      return { socket, code }
    }),
  )
  assert.equal(greetings.filter(({ code }) => code === '220').length, 2)
  for (const { socket } of greetings) socket.destroy()
})

test('a transaction keeps its revision while others begin with the next', async () => {
  await site.configure({ limits: {} })
  await reload(server)
  const mail = ['MAIL FROM:<sam@example.net>', `RCPT TO:<${KIM}>`, 'DATA']
  const content = `Subject: 3 KiB\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(42)}.`
  const sessions = await Promise.all(Array.from({ length: 6 }, () => Client.connect(site.port)))
  for (const session of sessions) {
    await session.reply()
    for (const line of ['EHLO x.example', ...mail]) assert.match((await session.say(line)) ?? '', /^[23]/)
  }
  await site.configure({ limits: { messageSize: '1KiB' } })
  await reload(server)
  for (const session of sessions) {
    assert.match((await session.say(content)) ?? '', /^250/)
    for (const line of mail) assert.match((await session.say(line)) ?? '', /^[23]/)
    assert.match((await session.say(content)) ?? '', /^552/)
    session[Symbol.dispose]()
  }
})

test('what cannot be used changes nothing anywhere; who starts meanwhile gets what counts', async () => {
  const before = await using_()
  await site.configure({ limits: { recipients: 700 } })
  await writeFile(join(site.folder, 'broken.pem'), 'no certificate')
  await site.configure({ tls: { certificate: 'broken.pem', key: 'key.pem' } })
  await assert.rejects(reload(server), { code: 'invalid-configuration' })
  assert.equal(await using_(), before)
  assert.equal((await shake()).reused, false)
  await site.configure({ tls: { certificate: 'certificate.pem', key: 'key.pem' }, limits: { messageSize: '1MiB' } })
  const { pid } = (await server.serving())[2] ?? {}
  process.kill(pid ?? 0, 'SIGKILL')
  // SIGHUP, as an init system says it, while a worker starts.
  server.signal('SIGHUP')
  await soon('the next revision', async () => ((await using_()) === before ? undefined : true))
  await server.serving()
  for (let i = 0; i < 12; i++) {
    using client = await Client.connect(site.port)
    await client.reply()
    client.write('EHLO x.example\r\n')
    assert.match(await client.whole(), /^250[ -]SIZE 1048576$/m)
  }
})

async function using_(): Promise<string> {
  await using client = await server.control()
  return (await client.call('status', {})).revision
}

test('places are exact', { timeout: 600_000 }, async () => await raceAll(site, server, 20))

test('reloads under load', { timeout: 600_000 }, async () => {
  await site.configure({ limits: {} })
  await reload(server)
  const { accepted, p99 } = await reloadUnderLoad(site, server, 5, { messages: 10, rate: 50 })
  console.log(
    `measured: ${accepted} messages, 5 reloads; p99 of replies ${p99.without.toFixed(1)} ms without, ${p99.during.toFixed(1)} ms with`,
  )
  await newMail(site.mailbox, accepted)
  await server.stop()
})
