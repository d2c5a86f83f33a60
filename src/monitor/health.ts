// SPDX-License-Identifier: Apache-2.0
/** A port of its own for /metrics (Prometheus), /health (503 when something is wrong) and /live. GET alone. */
import { once } from 'node:events'
import { createServer } from 'node:http'

export interface Health {
  readonly ok: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
}

export async function startMonitor(options: {
  readonly address: string
  readonly port: number
  readonly metrics: () => Promise<string>
  readonly health: () => Health
}): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000, maxHeaderSize: 8192 },
    (request, response) => {
      const answer = (status: number, type: string, body: string): void => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
      }
      const path = request.url?.split('?')[0]
      if (request.method !== 'GET') answer(405, 'text/plain', 'GET alone\n')
      else if (path === '/live') answer(200, 'text/plain', 'ok\n')
      else if (path === '/health') {
        const health = options.health()
        answer(health.ok ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
      } else if (path === '/metrics')
        options.metrics().then(
          (text) => answer(200, 'text/plain; version=0.0.4', text),
          () => answer(500, 'text/plain', 'metrics could not be read\n'),
        )
      else answer(404, 'text/plain', 'there is /metrics, /health and /live\n')
    },
  )
  server.maxConnections = 20
  server.listen(options.port, options.address)
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : options.port,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
