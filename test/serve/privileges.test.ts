// SPDX-License-Identifier: Apache-2.0
/** Proves: started by root, dispatcher and workers go on as `server.user`, the spool is theirs, and a port below 1024 is served. */
import assert from 'node:assert/strict'
import { chmod, chown, readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { account } from '../interop/postfix.ts'
import { HOST, newMail } from '../interop/site.ts'
import { sendOne } from './client.ts'
import { scratchSite } from './server.ts'

const skip = process.platform !== 'linux' ? 'Linux only' : process.getuid?.() !== 0 ? 'takes root' : false

/** A free one; 0 where there is none. */
async function privilegedPort(): Promise<number> {
  for (let port = 1023; port > 900; port--) {
    const server = createServer()
    const free = await new Promise<boolean>((resolve) =>
      server.once('error', () => resolve(false)).listen(port, HOST, () => resolve(true)),
    )
    await new Promise((resolve) => server.close(resolve))
    if (free) return port
  }
  return 0
}

test('nobody serves', { skip }, async () => {
  const port = await privilegedPort()
  assert.ok(port > 0, 'no port below 1024 is free')
  const { uid, gid } = await account('nobody')
  await using site = await scratchSite({
    server: { hostname: 'mx.demo.test', workers: 2, user: 'nobody' },
    listeners: { smtp: { service: 'smtp', address: HOST, port } },
  })
  // What the account reads and writes is its own: the folder of the configuration with control.sock, and the directory.
  await chmod(site.folder, 0o755)
  for (const name of ['.', 'key.pem', 'spool', 'spool/directory.sqlite']) await chown(join(site.folder, name), uid, gid)
  const server = await site.start()
  const workers = await server.workers()
  for (const pid of [server.pid, ...workers.map((worker) => worker.pid ?? 0)]) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'))
    assert.match(status, new RegExp(`^Gid:\\t${gid}\\t${gid}\\t${gid}\\t${gid}$`, 'm'))
    assert.doesNotMatch(status, /^Groups:\t(?:.* )?0 /m)
  }
  assert.match((await sendOne(port, 'kim@demo.test')) ?? '', /^250/)
  assert.equal((await newMail(site.mailbox, 1)).length, 1)
  for (const name of ['queue', 'revisions', 'directory.sqlite'])
    assert.equal((await stat(join(site.folder, 'spool', name))).uid, uid, name)
  for (const name of await readdir(join(site.mailbox, 'new')))
    assert.equal((await stat(join(site.mailbox, 'new', name))).uid, uid)
  // It can still take its configuration anew.
  await site.configure({ limits: { recipients: 900 } })
  await using client = await server.control()
  const { before, revision } = await client.call('reload', {})
  assert.notEqual(before, revision)
  await server.stop()
})
