// SPDX-License-Identifier: Apache-2.0
/**
 * `npm start` and `postern demo`: a whole site on loopback, real mail through it, and a table of what was sent, what
 * happened and what decided. Everything shown comes from the server's own traces. With `once` it ends after the table.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { serve } from '../main.ts'
import { reply } from '../smtp/reply.ts'
import { startDnsServer } from './dns-server.ts'
import { type Result, runScenario } from './run-scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import { startSink } from './sink.ts'
import { DEMO_DOMAIN, DEMO_PASSWORD, type DemoPorts, SERVER_ADDRESS, SINK_ADDRESS, writeDemoSite } from './site.ts'
import { renderTable } from './table.ts'
import { followTraces } from './traces.ts'

export interface DemoOptions {
  readonly once: boolean
  /** Folder of the site; default `demo-site` here, or a temporary one with `once`. */
  readonly directory?: string
  readonly json: boolean
  readonly signal: AbortSignal
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Returns the exit code: 0 when every verdict was as expected, 1 otherwise. */
export async function runDemo(options: DemoOptions): Promise<number> {
  await using cleanup = new AsyncDisposableStack()
  const directory = await siteFolder(options, cleanup)
  const ports = await choosePorts()

  // The rest of the world: its name server, and a next hop that defers `later` once and does not know `gone`.
  const sinkHost = 'mx.partner.test'
  cleanup.use(
    await startDnsServer({
      address: SERVER_ADDRESS,
      port: ports.dns,
      zone: {
        'partner.test': { MX: [{ preference: 10, exchange: sinkHost }] },
        [sinkHost]: { A: [SINK_ADDRESS] },
        'outside.test': { MX: [{ preference: 10, exchange: sinkHost }] },
      },
    }),
  )
  const deferred = new Set<string>()
  cleanup.use(
    await startSink({
      address: SINK_ADDRESS,
      port: ports.sink,
      answer: (command) => {
        if (/^RCPT TO:<gone@/i.test(command)) return reply(550, '1.1', 'No such user here')
        if (!/^RCPT TO:<later@/i.test(command) || deferred.has('later')) return undefined
        deferred.add('later')
        return reply(450, '2.1', 'Mailbox busy, try again later')
      },
    }),
  )

  await writeDemoSite(directory, ports, Date.now())
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const ready = Promise.withResolvers<void>()
  const server = serve(directory, { signal, ready: () => ready.resolve() })
  await Promise.race([ready.promise, server])

  const traces = await followTraces(join(directory, 'control.sock'), signal)
  const results: Result[] = []
  for (const scenario of SCENARIOS) results.push(await runScenario(scenario, ports, traces))
  const failures = results.filter((result) => !result.asExpected).length

  if (options.json) say(JSON.stringify({ asExpected: failures === 0, results }, undefined, 2))
  else say(renderTable(results))
  if (!options.once && !options.signal.aborted) {
    say(whatToTryNext(directory, ports, results))
    await Promise.race([once(options.signal), server])
  }
  stop.abort()
  // A ledger that does not balance makes the server end with an error, and so the demo.
  await server
  if (!options.json)
    say(
      failures === 0
        ? `All ${results.length} verdicts as expected.`
        : `${failures} of ${results.length} verdicts not as expected.`,
    )
  return failures === 0 ? 0 : 1
}

async function siteFolder({ directory, once }: DemoOptions, cleanup: AsyncDisposableStack): Promise<string> {
  if (directory === undefined && once) {
    const folder = await mkdtemp(join(tmpdir(), 'postern-demo-'))
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    return folder
  }
  const folder = resolve(directory ?? 'demo-site')
  // Each run of the demo starts afresh, so that what it shows is what it did.
  if (directory === undefined) await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** The well-known numbers plus 2500, where free; any free ones otherwise. */
async function choosePorts(): Promise<DemoPorts> {
  const choose = async (wanted: number, address = SERVER_ADDRESS): Promise<number> =>
    (await freePort(wanted, address)) ?? (await freePort(0, address)) ?? wanted
  return {
    smtp: await choose(2525),
    submission: await choose(2587),
    submissions: await choose(2465),
    lmtp: await choose(2424),
    monitor: await choose(2590),
    sink: await choose(2526, SINK_ADDRESS),
    dns: await choose(2553),
  }
}

async function freePort(port: number, host: string): Promise<number | undefined> {
  const probe = createServer()
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  probe.once('error', () => resolve(undefined))
  probe.listen({ port, host }, () => {
    const address = probe.address()
    probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
  })
  return await promise
}

const once = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

function whatToTryNext(directory: string, ports: DemoPorts, results: readonly Result[]): string {
  const config = relative(process.cwd(), directory) || '.'
  const refused = results.find((result) => result.id !== undefined && result.code >= 500)
  const id = refused?.id ?? results[0]?.id ?? 'ID'
  return `
The site is up (${config}); Ctrl-C ends it. In another terminal:

  swaks --server ${SERVER_ADDRESS}:${ports.smtp} --local-interface 127.0.0.2 --from you@outside.test --to kim@${DEMO_DOMAIN}
  swaks --server ${SERVER_ADDRESS}:${ports.submission} -tls -a PLAIN -au lee@${DEMO_DOMAIN} -ap '${DEMO_PASSWORD}' --from lee@${DEMO_DOMAIN} --to pat@partner.test

  bin/postern.mjs --config ${config} explain ${id}
  bin/postern.mjs --config ${config} queue list
  bin/postern.mjs --config ${config} track kim@${DEMO_DOMAIN}
  bin/postern.mjs --config ${config} tail
  curl http://${SERVER_ADDRESS}:${ports.monitor}/metrics
`
}
