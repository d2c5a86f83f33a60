// SPDX-License-Identifier: Apache-2.0
/**
 * A port of its own for /metrics (Prometheus text format 0.0.4), /health (503 when something is wrong) and /live.
 * GET and HEAD alone, no body is read, few connections, short deadlines. It asks nobody who they are: bind it where
 * only those who may know can reach it.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type Log, silentLog } from './log.ts'

export interface Health {
  readonly ok: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
}

export interface MonitorOptions {
  readonly address: string
  readonly port: number
  /** The metrics as text. */
  readonly metrics: () => Promise<string>
  readonly health: () => Health | Promise<Health>
  readonly log?: Log
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Enough for some collectors and a person. */
const MAX_CONNECTIONS = 20
const DEADLINE_MS = 5000

export async function startMonitor(options: MonitorOptions): Promise<{ readonly port: number } & AsyncDisposable> {
  const { log = silentLog } = options
  const deadlines = { requestTimeout: DEADLINE_MS, headersTimeout: DEADLINE_MS, connectionsCheckingInterval: 1000 }
  const server = createServer(
    { ...deadlines, keepAliveTimeout: DEADLINE_MS, maxHeaderSize: 8192 },
    (request, response) => {
      answerTo(request, options, log).then(
        ({ status, type, body }) => {
          const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', allow: 'GET, HEAD' }
          response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) })
          response.end(request.method === 'HEAD' ? undefined : body)
        },
        () => response.destroy(),
      )
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  // Whoever takes the answer too slowly is let go.
  server.setTimeout(2 * DEADLINE_MS, (socket) => socket.destroy())
  server.listen(options.port, options.address)
  await once(server, 'listening')
  server.on('error', (err) => log.error('monitor.listen', { err }))
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : options.port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answerTo(
  { method, url }: IncomingMessage,
  { metrics, health }: MonitorOptions,
  log: Log,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'GET and HEAD alone') // RFC 9110 §15.5.6
  switch (url?.split('?')[0]) {
    case '/live':
      return text(200, 'ok')
    case '/health':
      return healthAnswer(health, log)
    case '/metrics':
      try {
        return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await metrics() }
      } catch (err) {
        log.error('monitor.metrics', { err })
        return text(500, 'metrics could not be read')
      }
    default:
      return text(404, 'there is /metrics, /health and /live')
  }
}

async function healthAnswer(health: MonitorOptions['health'], log: Log): Promise<Answer> {
  try {
    const found = await health()
    return { status: found.ok ? 200 : 503, type: 'application/json', body: `${JSON.stringify(found)}\n` }
  } catch (err) {
    log.error('monitor.health', { err })
    return text(503, 'health could not be found out')
  }
}

const text = (status: number, line: string): Answer => ({ status, type: 'text/plain', body: `${line}\n` })
