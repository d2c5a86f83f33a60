// SPDX-License-Identifier: Apache-2.0
/**
 * The real server with its ManageSieve process: a session of sieve-connect from upload to deletion, a process that is
 * killed and replaced with its port, a reload, and an end in order.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseAddress } from '../../src/address/path.ts'
import { openDirectory } from '../../src/directory/embedded.ts'
import { DOMAIN, HOST, PASSWORD } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'
import { findProgram, missing } from '../peers/install.ts'
import { type ScratchSite, type Server, scratchSite, soon } from '../serve/server.ts'
import { Client } from './client.ts'

const USER = `kim@${DOMAIN}`
const SCRIPT = 'require "fileinto";\r\nif header :contains "subject" "cooks" { fileinto "Cooks"; }\r\n'

test('ManageSieve as a process of the server', async (t) => {
  const port = await freePort()
  await using site = await scratchSite({
    server: { hostname: `mx.${DOMAIN}`, workers: 1 },
    managesieve: { listeners: { sieve: { address: HOST, port } }, failureDelay: '0s' },
  })
  await givePassword(site)
  const server = await site.start()

  await t.test('status names the port, doctor the process', async () => {
    await using client = await server.control()
    const { listeners } = await client.call('status', {})
    assert.deepEqual(
      listeners.find(({ name }) => name === 'sieve'),
      { name: 'sieve', service: 'managesieve', address: HOST, port },
    )
    const { checks } = await client.call('doctor', {})
    assert.deepEqual(
      checks.find(({ name }) => name === 'managesieve'),
      { name: 'managesieve', fine: true, detail: 'serving' },
    )
  })
  await t.test('sieve-connect: upload, list, activate, download, delete', { skip: missing('sieve-connect') }, (t) =>
    sieveConnect(t, site, port),
  )
  await t.test('what was stored is in the directory', async () => {
    await using client = await signedIn(port)
    assert.equal((await client.ask('PUTSCRIPT "mine" "keep;"')).is, 'OK')
    assert.equal((await client.ask('SETACTIVE "mine"')).is, 'OK')
    const directory = openDirectory(join(site.folder, 'spool', 'directory.sqlite'))
    const found = await directory.ruleStore.rules(USER)
    directory.close()
    assert.deepEqual(found.kind === 'found' ? found.value.values : found, ['# $Rule Info: Name=mine\nkeep;'])
  })
  await t.test('a reload holds for new sessions', async () => {
    await site.configure({
      managesieve: { listeners: { sieve: { address: HOST, port } }, failureDelay: '0s', scripts: 1 },
    })
    await using control = await server.control()
    await control.call('reload', {})
    await using client = await signedIn(port)
    assert.equal((await client.ask('PUTSCRIPT "second" "keep;"')).code, 'QUOTA/MAXSCRIPTS')
  })
  await t.test('killed, it is replaced, and mail never noticed', async () => {
    process.kill(await pidOf(server), 'SIGKILL')
    await soon('a sign-in works again', async () => {
      try {
        await using client = await signedIn(port)
        return (await client.ask('LISTSCRIPTS')).before.includes('"mine" ACTIVE') ? true : undefined
      } catch {
        return undefined
      }
    })
    const ended = (await server.log()).filter(({ event }) => event === 'worker.ended')
    assert.deepEqual(
      ended.map(({ process: name }) => name),
      ['managesieve'],
    )
  })
  await t.test('it ends with the server, and says so to clients', async () => {
    await using client = await signedIn(port)
    const stopped = server.stop()
    const { is, code } = await client.reply()
    assert.deepEqual([is, code], ['BYE', 'TRYLATER'])
    await stopped
  })
})

async function givePassword(site: ScratchSite): Promise<void> {
  const directory = openDirectory(join(site.folder, 'spool', 'directory.sqlite'))
  const address = parseAddress(USER)
  assert.ok(address !== undefined)
  await directory.setPassword(address, PASSWORD)
  directory.close()
}

/** Of the process that serves now. */
async function pidOf(server: Server): Promise<number> {
  const all = (await server.log()).filter(
    ({ event, process: name }) => event === 'worker.serving' && name === 'managesieve',
  )
  const pid = all.at(-1)?.['pid']
  assert.ok(typeof pid === 'number', 'no ManageSieve process serves')
  return pid
}

async function signedIn(port: number): Promise<Client> {
  const client = await Client.connect(port)
  await client.reply()
  assert.equal((await client.ask('STARTTLS')).is, 'OK')
  await client.startTls()
  await client.reply()
  const response = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64')
  assert.equal((await client.ask(`AUTHENTICATE "PLAIN" "${response}"`)).is, 'OK')
  return client
}

async function sieveConnect(t: TestContext, site: ScratchSite, port: number): Promise<void> {
  const run = (...args: string[]): Promise<string> => runSieveConnect(port, args)
  const file = (name: string): string => join(site.folder, name)
  await writeFile(file('up.sieve'), SCRIPT)
  await writeFile(file('wrong.sieve'), 'fileint "x";\r\n')
  await run('--upload', '--localsieve', file('up.sieve'), '--remotesieve', 'cooks')
  assert.match(await run('--list'), /"cooks"(?! ACTIVE)/)
  await run('--activate', '--remotesieve', 'cooks')
  assert.match(await run('--list'), /"cooks" ACTIVE/)
  await run('--download', '--remotesieve', 'cooks', '--localsieve', file('down.sieve'))
  assert.equal(await readFile(file('down.sieve'), 'utf8'), SCRIPT)
  await assert.rejects(run('--upload', '--localsieve', file('wrong.sieve'), '--remotesieve', 'wrong'))
  await run('--deactivate')
  await run('--delete', '--remotesieve', 'cooks')
  assert.doesNotMatch(await run('--list'), /cooks|wrong/)
  t.diagnostic('sieve-connect: eight runs')
}

async function runSieveConnect(port: number, args: readonly string[]): Promise<string> {
  const program = findProgram('sieve-connect') ?? ''
  const common = ['--server', HOST, '--port', String(port), '--user', USER, '--passwordfd', '3', '--notlsverify']
  const child = spawn(program, [...common, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], timeout: 30_000 })
  const password = child.stdio[3]
  if (password !== null && password !== undefined && 'write' in password) password.end(`${PASSWORD}\n`)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`sieve-connect ${args.join(' ')}: ${said}`)
  return said
}
