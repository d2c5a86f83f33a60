// SPDX-License-Identifier: Apache-2.0
/** Starts the process that can be crashed (server.ts), and sends it mail. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { Peer } from '../conversations/peer.ts'

export const POISON = 'Subject: x\r\n\r\nPOISON\r\n.\r\n'
export const INNOCENT = 'Subject: y\r\n\r\nhello\r\n.\r\n'

/** Killed when the test is over, whatever became of it. */
export async function start(t: TestContext, folder: string, when: 'received' | 'delivered') {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'server.ts'), folder, when], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  /** What it said after its port. */
  const said: string[] = []
  const lines = createInterface({ input: child.stdout })
  const [port] = await Promise.race([once(lines, 'line'), ended.then(() => assert.fail('it did not start'))])
  lines.on('line', (line) => said.push(line))
  return { child, ended, said, port: Number(port) }
}

/** Says everything up to the content. The code of the last reply: 354, or a refusal at DATA. */
export async function envelope(port: number, from: string): Promise<{ readonly peer: Peer; readonly code: string }> {
  const peer = await Peer.connect(port, { from: '127.0.0.2' })
  let code = (await peer.reply()).code
  for (const line of ['EHLO client.example', `MAIL FROM:<${from}>`, 'RCPT TO:<kim@example.org>', 'DATA']) {
    await peer.send(Buffer.from(`${line}\r\n`))
    code = (await peer.reply()).code
  }
  return { peer, code }
}

export async function send(port: number, from: string, content: string): Promise<string> {
  const { peer, code } = await envelope(port, from)
  await using _ = peer
  if (code !== '354') return code
  await peer.send(Buffer.from(content))
  return await peer.reply().then(
    (reply) => reply.code,
    () => 'gone',
  )
}
