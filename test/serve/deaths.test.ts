// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, on real processes that are killed: a client sees its connection end and loses nothing that was answered; who
 * hangs is replaced; workers whose dispatcher died take in nothing more, finish, and leave ports and shards to the
 * server that is started behind them; another number of workers finds all mail.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { DOMAIN, newMail } from '../interop/site.ts'
import { Client, sendOne } from './client.ts'
import { killAll } from './kills.ts'
import { alive, PATIENCE_MS, type Server, scratchSite, soon } from './server.ts'

const KIM = `kim@${DOMAIN}`
const content = (mail: number): string => `Subject: mail ${mail}\r\n\r\nhello\r\n.`
/** A process that is told so never comes back to its event loop. */
const ENDLESS = `process.on('SIGUSR2', () => { for (;;); })`

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

const replaced = async (server: Server, victim: number | undefined): Promise<void> => {
  await soon('a successor', async () =>
    (await server.workers()).every(({ state, pid }) => state === 'serving' && pid !== victim) ? true : undefined,
  )
}

/** The worker that has the only connection. */
async function holder(server: Server): Promise<number> {
  return await soon('the worker with the connection', async () => {
    const pid = (await server.workers()).find(({ connections }) => connections === 1)?.pid
    return pid
  })
}

test('workers, the dispatcher and their successors', { timeout: 600_000 }, async (t) => {
  const server_ = { hostname: `mx.${DOMAIN}`, workers: 2, hungAfter: '2s' }
  await using site = await scratchSite({ server: server_ })
  let server = await site.start(ENDLESS)
  let mail = 0
  /** Each message at least once: a delivery that a kill interrupted is done again. */
  const everything = async (): Promise<void> => {
    const wanted = Array.from({ length: mail }, (_, i) => `mail ${i + 1}`)
    await soon(`${mail} messages`, async () => {
      const there = new Set((await newMail(site.mailbox, 0)).map((text) => /^Subject: (.*)$/m.exec(text)?.[1]))
      return wanted.every((subject) => there.has(subject)) && there.size === mail ? true : undefined
    })
  }

  await t.test(
    'a worker killed in a transaction: the client sees the end, and what was answered is there',
    async () => {
      using client = await Client.connect(site.port)
      assert.match((await client.upToData(KIM)) ?? '', /^354/)
      assert.match((await client.say(content(++mail))) ?? '', /^250/)
      for (const line of ['MAIL FROM:<sam@example.net>', `RCPT TO:<${KIM}>`, 'DATA']) await client.say(line)
      client.write('Subject: never\r\n')
      const victim = await holder(server)
      process.kill(victim, 'SIGKILL')
      assert.equal(await client.reply(), undefined)
      await replaced(server, victim)
      await everything()
    },
  )

  for (const signal of ['SIGSTOP', 'SIGUSR2'] as const)
    await t.test(`a worker that hangs is replaced: ${signal}`, async () => {
      const victim = (await server.serving())[0]?.pid ?? 0
      process.kill(victim, signal)
      await replaced(server, victim)
      assert.equal(await alive(victim), false)
      assert.match((await sendOne(site.port, KIM, `mail ${++mail}`)) ?? '', /^250/)
    })

  await t.test('the dispatcher killed: workers finish what they do, and a server can be started at once', async () => {
    using busy = await Client.connect(site.port)
    assert.match((await busy.upToData(KIM)) ?? '', /^354/)
    using idle = await Client.connect(site.port)
    await idle.reply()
    const before = (await server.serving()).map(({ pid }) => pid ?? 0)
    server.signal('SIGKILL')
    await server.ended
    assert.match((await idle.reply()) ?? '', /^421/)
    const next = site.start()
    assert.match((await busy.say(content(++mail))) ?? '', /^250/)
    server = await next
    for (const pid of before)
      await soon(`worker ${pid} to be gone`, async () => ((await alive(pid)) ? undefined : true))
    assert.match((await sendOne(site.port, KIM, `mail ${++mail}`)) ?? '', /^250/)
    await everything()
  })

  await t.test('told to stop: idle sessions hear 421, a transaction is finished, nobody else is let in', async () => {
    using busy = await Client.connect(site.port)
    assert.match((await busy.upToData(KIM)) ?? '', /^354/)
    using idle = await Client.connect(site.port)
    await idle.reply()
    server.signal('SIGTERM')
    assert.match((await idle.reply()) ?? '', /^421/)
    await soon(
      'nobody listening',
      async () =>
        await Client.connect(site.port).then(
          () => undefined,
          () => true,
        ),
    )
    assert.match((await busy.say(content(++mail))) ?? '', /^250/)
    await busy.ended()
    assert.deepEqual(await server.ended, { code: 0, signal: null })
    const stopped = (await server.log()).find(({ event }) => event === 'stopped')
    assert.match(String(stopped?.['ledger']), /accepted/)
  })

  await t.test('more workers, then fewer: every shard has an owner, and all mail is there', async () => {
    await site.configure({ server: { ...server_, workers: 3 }, routes: [{ domain: '*', channel: 'hold' }] })
    server = await site.start()
    assert.deepEqual(
      (await server.workers()).map(({ shards }) => shards),
      [[0], [1], [2]],
    )
    const held = async (): Promise<number> => (await server.workers()).reduce((sum, worker) => sum + worker.held, 0)
    for (let i = 0; i < 9; i++) assert.match((await sendOne(site.port, 'pat@outside.test')) ?? '', /^250/)
    await soon('everything held', async () => ((await held()) === 9 ? true : undefined))

    // A worker that dies again and again, before it serves: another one takes its shard up, and works on it.
    const adopter = await soon('an adopter', async () => {
      const [first, ...others] = await server.workers()
      if (first?.pid !== undefined) kill(first.pid)
      return others.find(({ shards }) => shards.includes(0))
    })
    await soon('everything held again', async () => ((await held()) === 9 ? true : undefined))
    {
      await using client = await server.control()
      const returned = await soon('the queue', () =>
        client.call('queue.bounce', { selection: { all: true } }).catch(() => undefined),
      )
      assert.equal(returned.recipients, 9)
    }
    // The notices are for outside too.
    await soon('nine notices held', async () => ((await held()) === 9 ? true : undefined))
    const rows = await server.workers()
    assert.ok(rows[adopter.index]?.shards.includes(0))
    await server.stop()
    await site.configure({ server: { ...server_, workers: 1 } })
    server = await site.start()
    await soon('everything held', async () => ((await held()) === 9 ? true : undefined))
    assert.deepEqual((await server.workers())[0]?.shards.slice(0, 3), [0, 1, 2])
    // A second signal ends it at once, with nothing lost.
    using busy = await Client.connect(site.port)
    assert.match((await busy.upToData(KIM)) ?? '', /^354/)
    server.signal('SIGTERM')
    await soon(
      'nobody listening',
      async () =>
        await Client.connect(site.port).then(
          () => undefined,
          () => true,
        ),
    )
    // Within a second it counts as the same signal, sent to the process and to its group.
    await setTimeout(1200)
    server.signal('SIGTERM')
    assert.deepEqual(await server.ended, { code: null, signal: 'SIGTERM' })
    server = await site.start()
    await soon('everything held', async () => ((await held()) === 9 ? true : undefined))
    await server.stop()
    await everything()
  })
})

test('a worker, the dispatcher and all processes killed under load: nothing answered is lost', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  const { accepted, doubtful, twice } = await killAll(3, () => {})
  console.log(`measured: ${accepted} accepted, ${doubtful} without an answer, ${twice} delivered twice`)
})
