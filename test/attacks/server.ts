// SPDX-License-Identifier: Apache-2.0
/**
 * `postern serve` as a child process on a scratch configuration: loopback, ports that the system chooses, log and spool
 * in a folder that goes with it. Its memory is read from /proc: Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { parseAddress, parseDomain } from '../../src/address/path.ts'
import type { ConfigSchema } from '../../src/config/schema.ts'
import { selfSigned } from '../../src/config/self-signed.ts'
import { openDirectory } from '../../src/directory/embedded.ts'

export const HOST = '127.0.0.1'
/** The one address that counts as inside and may send anywhere. */
export const INSIDE = '127.0.0.3'
export const DOMAIN = 'demo.test'
export const USER = `kim@${DOMAIN}`
export const PASSWORD = 'correct horse'

type Given = z.input<typeof ConfigSchema>

/** What an attack changes in the configuration; everything else has its default. */
export interface Settings {
  readonly limits?: Given['limits']
}

export interface Ended {
  readonly code: number | null
  /** What the server said of its ledger when it stopped. */
  readonly ledger: string
}

export interface BesiegedServer extends AsyncDisposable {
  readonly ports: { readonly smtp: number; readonly submission: number; readonly submissions: number }
  alive(): boolean
  /** Resident memory of the largest of its processes, MB: now, and at most since the last `forgetPeak`. */
  memory(): { readonly now: number; readonly peak: number }
  forgetPeak(): void
  /** Octets in the log and in the folder of the history. */
  written(): Promise<{ readonly log: number; readonly history: number }>
  /** Log lines about a bug of the server's own. */
  faults(): Promise<readonly string[]>
  /** Messages in the user's mailbox. */
  delivered(): Promise<number>
  stop(): Promise<Ended>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 60_000
/** The server gives its own connections and deliveries ten seconds each. */
const STOP_MS = 60_000
const MB = 1024 * 1024

/** @param dns port of the only name server it knows */
export async function startBesieged(settings: Settings, dns: number): Promise<BesiegedServer> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'postern-attacks-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  await writeSite(folder, settings, dns)
  const logFile = join(folder, 'log')
  const log = cleanup.use(await open(logFile, 'w'))
  const child = spawnServer(folder, log)
  const exited = once(child, 'exit')
  cleanup.defer(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const ports = await listening(child, logFile)
  const owned = cleanup.move()

  const events = async (): Promise<readonly string[]> => (await readFile(logFile, 'utf8')).split('\n')
  return {
    ports,
    alive: () => child.exitCode === null && child.signalCode === null,
    memory() {
      const all = familyOf(child.pid ?? 0).map(memoryOf)
      return { now: Math.max(...all.map(({ now }) => now)), peak: Math.max(...all.map(({ peak }) => peak)) }
    },
    forgetPeak() {
      for (const pid of familyOf(child.pid ?? 0)) writeFileSync(`/proc/${pid}/clear_refs`, '5') // proc(5): resets VmHWM
    },
    written: async () => ({ log: (await stat(logFile)).size, history: await sizeOf(join(folder, 'spool', 'history')) }),
    faults: async () => (await events()).filter((line) => line.includes('"event":"smtp.fault"')),
    delivered: async () => (await readdir(join(folder, 'mailboxes', DOMAIN, 'kim', 'new')).catch(() => [])).length,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await exited
      clearTimeout(late)
      const stopped = (await events()).findLast((line) => line.includes('"event":"stopped"'))
      return { code: child.exitCode, ledger: stopped === undefined ? 'nothing said' : String(field(stopped, 'ledger')) }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function writeSite(folder: string, settings: Settings, dns: number): Promise<void> {
  const hostname = `mx.${DOMAIN}`
  const { certificate, key } = await selfSigned({ hostname, addresses: [HOST], nowMs: Date.now(), days: 2 })
  const config = {
    // One process serves, so that what is measured is all that mail takes.
    server: { hostname, workers: 0 },
    listeners: {
      smtp: { service: 'smtp', address: HOST, port: 0 },
      submission: { service: 'submission', address: HOST, port: 0 },
      submissions: { service: 'submissions', address: HOST, port: 0 },
    },
    tls: { certificate: 'certificate.pem', key: 'key.pem' },
    networks: { own: [`${INSIDE}/32`] },
    limits: settings.limits ?? {},
    // Passwords are guessed without TLS, so that it is the checking that is tried.
    sasl: { plaintextOnLoopback: true },
    dns: { servers: [`${HOST}:${dns}`], timeout: '2s' },
  } satisfies Given
  await mkdir(join(folder, 'spool'), { mode: 0o700 })
  // JSON is YAML too.
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config, undefined, 2))
  await writeFile(join(folder, 'aliases'), '')
  await writeFile(join(folder, 'certificate.pem'), certificate)
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 })
  const entries = openDirectory(join(folder, 'spool', 'directory.sqlite'))
  try {
    const domain = parseDomain(DOMAIN)
    const address = parseAddress(USER)
    if (domain === undefined || address === undefined) throw new Error(`${USER} is no address`)
    entries.addDomain(domain)
    await entries.addUser({ address, password: PASSWORD })
  } finally {
    entries.close()
  }
}

function spawnServer(folder: string, log: FileHandle): ChildProcess {
  const child = spawn(process.execPath, ['src/cli/main.ts', 'serve', '--config', folder], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', log.fd],
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}

async function listening(child: ChildProcess, logFile: string): Promise<BesiegedServer['ports']> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const text = await readFile(logFile, 'utf8')
    const ready = text.split('\n').find((line) => line.includes('"event":"ready"'))
    if (ready !== undefined) {
      const listeners = record(field(ready, 'listeners'))
      const port = (name: string): number => Number(record(listeners[name])['port'])
      return { smtp: port('smtp'), submission: port('submission'), submissions: port('submissions') }
    }
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`the server does not start: ${text}`)
    await pause(20)
  }
}

/** The process and those it started. */
function familyOf(pid: number): readonly number[] {
  const family = [pid]
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const status = /^\d+$/.test(name) ? statusOf(Number(name)) : undefined
    if (status !== undefined) parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]))
  }
  for (const one of family) for (const [child, parent] of parents) if (parent === one) family.push(child)
  return family
}

/** `undefined` when it has ended. */
function statusOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return undefined
  }
}

function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = statusOf(pid) ?? ''
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
  return { now: Math.round(kibibytes('VmRSS') / 1024), peak: Math.round(kibibytes('VmHWM') / 1024) }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).then(({ size }) => size)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

export const megabytes = (octets: number): string => `${(octets / MB).toFixed(1)} MB`

const field = (line: string, name: string): unknown => record(JSON.parse(line))[name]

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
