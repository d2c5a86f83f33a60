// SPDX-License-Identifier: Apache-2.0
/** A real Postern on loopback for one test: its own directory, free ports, the server in this process. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { z } from 'zod'
import { parseAddress, parseDomain } from '../../src/address/path.ts'
import type { ConfigSchema } from '../../src/config/schema.ts'
import { selfSigned } from '../../src/config/self-signed.ts'
import { openDirectory } from '../../src/directory/embedded.ts'
import { serve } from '../../src/main.ts'
import { freePort } from '../peers/free-port.ts'

export const HOST = '127.0.0.1'
export const SINK_HOST = '127.0.0.9'
/** The one address that counts as inside. */
export const INSIDE = '127.0.0.3'
export const DOMAIN = 'demo.test'
export const PASSWORD = 'correct horse'

type Given = z.input<typeof ConfigSchema>

export interface SiteOptions {
  readonly users?: readonly string[]
  /** 0 unless given: everything in this process. */
  readonly workers?: number
  readonly routes?: Given['routes']
  readonly channels?: Readonly<Record<string, object>>
  readonly limits?: Given['limits']
  readonly sasl?: Given['sasl']
  readonly srs?: Given['srs']
  readonly queue?: Given['queue']
  readonly filters?: Given['filters']
  readonly directory?: Given['directory']
  /** Port of a name server; without one nobody answers, and every route must name an address. */
  readonly dns?: number
  /** Files beside postern.yaml, by name. */
  readonly files?: Readonly<Record<string, string>>
}

export interface Site extends AsyncDisposable {
  readonly directory: string
  readonly ports: { readonly smtp: number; readonly submission: number; readonly submissions: number }
  /** What is new in a user's Maildir, once it holds so many messages. */
  readonly mail: (user: string, count: number) => Promise<readonly string[]>
  /** Ends the whole server in order, and starts it anew on the same directory and ports. */
  readonly restart: () => Promise<void>
}

export async function startSite(options: SiteOptions = {}): Promise<Site> {
  await using cleanup = new AsyncDisposableStack()
  const directory = await temporaryFolder(cleanup)
  const ports = { smtp: await freePort(), submission: await freePort(), submissions: await freePort() }
  const { certificate, key } = await selfSigned({
    hostname: `mx.${DOMAIN}`,
    addresses: [HOST],
    nowMs: Date.now(),
    days: 2,
  })
  const config = {
    server: { hostname: `mx.${DOMAIN}`, workers: options.workers ?? 0 },
    listeners: {
      smtp: { service: 'smtp', address: HOST, port: ports.smtp },
      submission: { service: 'submission', address: HOST, port: ports.submission },
      submissions: { service: 'submissions', address: HOST, port: ports.submissions },
    },
    tls: { certificate: 'certificate.pem', key: 'key.pem' },
    networks: { own: [`${INSIDE}/32`] },
    channels: options.channels ?? {},
    routes: options.routes ?? [],
    limits: options.limits ?? {},
    sasl: options.sasl ?? {},
    ...(options.srs === undefined ? {} : { srs: options.srs }),
    queue: { retry: ['1s'], ...options.queue },
    dns: { servers: [`${HOST}:${options.dns ?? 1}`], timeout: '1s' },
    filters: options.filters ?? {},
    directory: options.directory ?? {},
    monitor: { log: 'error' },
  } satisfies Record<string, unknown>
  await mkdir(join(directory, 'spool'), { mode: 0o700 })
  // JSON is YAML too.
  await writeFile(join(directory, 'postern.yaml'), JSON.stringify(config, undefined, 2))
  await writeFile(join(directory, 'aliases'), '')
  await writeFile(join(directory, 'certificate.pem'), certificate)
  await writeFile(join(directory, 'key.pem'), key, { mode: 0o600 })
  for (const [name, text] of Object.entries(options.files ?? {})) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  await addUsers(directory, options.users ?? ['kim'])

  let serving = new AsyncDisposableStack()
  cleanup.defer(() => serving.disposeAsync())
  await serveUntilDisposed(directory, serving)
  const owned = cleanup.move()
  return {
    directory,
    ports,
    mail: (user, count) => newMail(join(directory, 'mailboxes', DOMAIN, user), count),
    async restart() {
      await serving.disposeAsync()
      serving = new AsyncDisposableStack()
      await serveUntilDisposed(directory, serving)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Serves a configuration directory in this process; resolves when it is ready. */
export async function serveUntilDisposed(directory: string, cleanup: AsyncDisposableStack): Promise<void> {
  const stop = new AbortController()
  const ready = Promise.withResolvers<void>()
  const server = serve(directory, { signal: stop.signal, ready: () => ready.resolve() })
  await Promise.race([ready.promise, server])
  cleanup.defer(async () => {
    stop.abort()
    await server
  })
}

async function addUsers(directory: string, users: readonly string[]): Promise<void> {
  const entries = openDirectory(join(directory, 'spool', 'directory.sqlite'))
  try {
    const domain = parseDomain(DOMAIN)
    if (domain === undefined) throw new Error(`${DOMAIN} is a domain`)
    entries.addDomain(domain)
    for (const user of users) {
      const address = parseAddress(`${user}@${DOMAIN}`)
      if (address === undefined) throw new Error(`${user} is no local part`)
      await entries.addUser({ address, password: PASSWORD })
    }
  } finally {
    entries.close()
  }
}

export async function temporaryFolder(cleanup: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-interop-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** The first answer that is not `undefined`, asked for until the deadline. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  ms = 10_000,
): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await pause(20)
  }
}

/** The messages of a Maildir, once there are so many. */
export async function newMail(maildir: string, count: number): Promise<readonly string[]> {
  const folder = join(maildir, 'new')
  const names = await eventually(`${count} messages in ${folder}`, async () => {
    const found = await readdir(folder).catch(() => [])
    return found.length >= count ? found : undefined
  })
  return await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')))
}
