// SPDX-License-Identifier: Apache-2.0
/**
 * `postern serve` with workers as processes of its own, in a process group of its own, on a scratch site that can be
 * started again and again: same folder, same ports. Everything that was started is killed at the end.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { parseAddress, parseDomain } from '../../src/address/path.ts'
import type { ConfigSchema } from '../../src/config/schema.ts'
import { selfSigned } from '../../src/config/self-signed.ts'
import { type ControlClient, connectControl } from '../../src/control/client.ts'
import type { WorkerRow } from '../../src/control/protocol.ts'
import { openDirectory } from '../../src/directory/embedded.ts'
import { DOMAIN, HOST, INSIDE, temporaryFolder } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Most of what a start costs is compiling: what one process compiled the others find here. */
const COMPILED = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'postern-compiled') }
/** For a machine that does much else. */
export const PATIENCE_MS = 120_000

export type Settings = Partial<z.input<typeof ConfigSchema>>

export interface ScratchSite extends AsyncDisposable {
  readonly folder: string
  readonly port: number
  readonly submissions: number
  /** Changes parts of the configuration on disk. */
  configure(over: Settings): Promise<void>
  /** Starts a server on it, and resolves when it serves. @param preload what each of its processes runs first */
  start(preload?: string): Promise<Server>
  /** Maildir of kim. */
  readonly mailbox: string
}

export interface Server {
  /** Of the dispatcher, and of the group. */
  readonly pid: number
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  control(): Promise<ControlClient>
  workers(): Promise<readonly WorkerRow[]>
  /** Once all workers serve. */
  serving(): Promise<readonly WorkerRow[]>
  signal(name: NodeJS.Signals, whom?: 'dispatcher' | 'group'): void
  /** Lines of the log. */
  log(): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** SIGTERM; asserts that it ends well and that its ledger balances. */
  stop(): Promise<void>
}

const TLS = { certificate: 'certificate.pem', key: 'key.pem' }

export async function scratchSite(settings: Settings = {}): Promise<ScratchSite> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await temporaryFolder(cleanup)
  const port = await freePort()
  const submissions = await freePort()
  const given = { hostname: `mx.${DOMAIN}`, addresses: [HOST], nowMs: Date.now(), days: 90 }
  const { certificate, key } = await selfSigned(given)
  await writeFile(join(folder, TLS.certificate), certificate)
  await writeFile(join(folder, TLS.key), key, { mode: 0o600 })
  await writeFile(join(folder, 'aliases'), '')
  await mkdir(join(folder, 'spool'), { mode: 0o700 })
  await addUser(folder)
  let written: Settings = {
    listeners: {
      smtp: { service: 'smtp', address: HOST, port },
      submissions: { service: 'submissions', address: HOST, port: submissions },
    },
    tls: TLS,
    networks: { own: [`${INSIDE}/32`] },
    queue: { retry: ['1s'] },
    dns: { servers: [`${HOST}:1`], timeout: '1s' },
    monitor: { log: 'info' },
    ...settings,
  }
  const configure = async (over: Settings): Promise<void> => {
    written = { ...written, ...over }
    const server = { hostname: `mx.${DOMAIN}`, workers: 2, ...written.server }
    // JSON is YAML too.
    await writeFile(join(folder, 'postern.yaml'), JSON.stringify({ ...written, server }, undefined, 2))
  }
  await configure({})
  const running = new Set<Server>()
  cleanup.defer(async () => {
    for (const server of running) {
      server.signal('SIGKILL', 'group')
      await server.ended
    }
  })
  const owned = cleanup.move()
  return {
    folder,
    port,
    submissions,
    mailbox: join(folder, 'mailboxes', DOMAIN, 'kim'),
    configure,
    async start(preload) {
      const server = await startServer(folder, preload)
      running.add(server)
      void server.ended.then(() => running.delete(server))
      return server
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function addUser(folder: string): Promise<void> {
  const entries = openDirectory(join(folder, 'spool', 'directory.sqlite'))
  try {
    const domain = parseDomain(DOMAIN)
    const address = parseAddress(`kim@${DOMAIN}`)
    assert.ok(domain !== undefined && address !== undefined)
    entries.addDomain(domain)
    await entries.addUser({ address })
  } finally {
    entries.close()
  }
}

let starts = 0

async function startServer(folder: string, preload?: string): Promise<Server> {
  starts += 1
  const logFile = join(folder, `log-${starts}`)
  const handle = await open(logFile, 'w')
  const first = preload === undefined ? [] : [`--import=data:text/javascript,${encodeURIComponent(preload)}`]
  const child = spawn(process.execPath, [...first, 'src/cli/main.ts', 'serve', '--config', folder], {
    cwd: ROOT,
    env: { ...process.env, ...COMPILED },
    stdio: ['ignore', 'ignore', handle.fd],
    detached: true,
  })
  await handle.close()
  const { pid } = child
  assert.ok(pid !== undefined, 'the server could not be started')
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const signal: Server['signal'] = (name, whom = 'dispatcher') => {
    try {
      process.kill(whom === 'group' ? -pid : pid, name)
    } catch {
      // Nobody is left.
    }
  }
  const kill = (): void => signal('SIGKILL', 'group')
  // A test that takes too long is ended with SIGTERM; its servers are in groups of their own.
  const end = (): never => process.exit(1)
  process.once('exit', kill).once('SIGTERM', end).once('SIGINT', end)
  void ended.then(() => process.off('exit', kill).off('SIGTERM', end).off('SIGINT', end))
  const log: Server['log'] = async () =>
    (await readFile(logFile, 'utf8')).split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const control = (): Promise<ControlClient> => connectControl(join(folder, 'control.sock'))
  const workers: Server['workers'] = async () => {
    await using client = await control()
    return (await client.call('status', {})).workers
  }
  const serving = (): Promise<readonly WorkerRow[]> =>
    soon('all workers serve', async () => {
      const all = await workers()
      return all.every(({ state }) => state === 'serving') ? all : undefined
    })
  const server: Server = {
    pid,
    ended,
    control,
    workers,
    serving,
    signal,
    log,
    async stop() {
      signal('SIGTERM')
      const { code } = await ended
      assert.equal(code, 0, await readFile(logFile, 'utf8'))
    },
  }
  try {
    await soon('the server is ready', async () => {
      if (child.exitCode !== null) throw new Error(await readFile(logFile, 'utf8'))
      return (await log()).find(({ event }) => event === 'ready')
    })
  } catch (error) {
    kill()
    throw error
  }
  return server
}

/** The first answer that is not `undefined`; a deadline that no slow machine misses, and few questions meanwhile. */
export async function soon<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    assert.ok(performance.now() < deadline, `not within ${PATIENCE_MS} ms: ${what}`)
    await pause(60)
  }
}

/** Whether a process is there and no zombie. */
export async function alive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return stat !== '' && !/^.*\) Z/s.test(stat)
}
