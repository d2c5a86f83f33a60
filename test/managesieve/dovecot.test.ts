// SPDX-License-Identifier: Apache-2.0
/**
 * The conversation files against Dovecot's ManageSieve: what we both take for RFC 5804. Files and lines where Dovecot
 * differs are marked in the files. It starts from root only.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { selfSigned } from '../../src/config/self-signed.ts'
import { HOST, temporaryFolder } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'
import { findProgram, missing } from '../peers/install.ts'
import { replay } from './replay.ts'
import { parseScript } from './script.ts'

const folder = import.meta.dirname
const scripts = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => parseScript(name, readFileSync(join(folder, name), 'utf8')))
  .filter(({ differs }) => !differs)
const START_MS = 60_000

const skip =
  process.getuid?.() === 0 ? missing('dovecot', '/usr/lib/dovecot/managesieve') : 'Dovecot starts from root only'

test('Dovecot answers as the conversation files say', { skip }, async (t) => {
  await using cleanup = new AsyncDisposableStack()
  const { port, home } = await startDovecot(cleanup)
  // Scripts outlive a session, and all sessions are kim's: one after the other, each begins with none.
  for (const script of scripts)
    await t.test(script.name, async () => {
      await rm(home, { recursive: true, force: true })
      await replay(script, { port, other: true })
    })
})

async function startDovecot(cleanup: AsyncDisposableStack): Promise<{ readonly port: number; readonly home: string }> {
  const root = await temporaryFolder(cleanup)
  await chmod(root, 0o755)
  const port = await freePort()
  const mail = join(root, 'mail')
  await mkdir(mail)
  const NOBODY = 65_534
  await chown(mail, NOBODY, NOBODY)
  const { certificate, key } = await selfSigned({ hostname: 'mx.example.org', nowMs: Date.now(), days: 1 })
  await writeFile(join(root, 'certificate.pem'), certificate)
  await writeFile(join(root, 'key.pem'), key, { mode: 0o600 })
  await writeFile(join(root, 'passwd'), `kim:{PLAIN}secret:${NOBODY}:${NOBODY}::${mail}/kim\n`)
  const conf = join(root, 'dovecot.conf')
  await writeFile(
    conf,
    `protocols = sieve
base_dir = ${root}/run
state_dir = ${root}/state
log_path = ${root}/log
ssl = yes
ssl_cert = <${root}/certificate.pem
ssl_key = <${root}/key.pem
first_valid_uid = 1
mail_location = maildir:~/Maildir
auth_mechanisms = plain
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = ${root}/passwd
}
userdb {
  driver = passwd-file
  args = ${root}/passwd
}
plugin {
  sieve = file:~/sieve;active=~/.dovecot.sieve
}
service managesieve-login {
  inet_listener sieve {
    address = ${HOST}
    port = ${port}
  }
}
`,
  )
  const child = spawn(findProgram('dovecot') ?? '', ['-F', '-c', conf], { stdio: 'ignore' })
  const gone = once(child, 'exit')
  cleanup.defer(async () => {
    child.kill('SIGTERM')
    await gone
  })
  for (const deadline = Date.now() + START_MS; !(await listens(port)); await pause(50)) {
    const log = readFileSync(join(root, 'log'), { encoding: 'utf8', flag: 'a+' })
    if (Date.now() >= deadline || child.exitCode !== null) throw new Error(`Dovecot does not start: ${log}`)
  }
  return { port, home: join(mail, 'kim') }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect({ host: HOST, port })
  const there = await new Promise<boolean>((resolve) =>
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
  )
  socket.destroy()
  return there
}
