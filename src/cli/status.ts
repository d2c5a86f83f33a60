// SPDX-License-Identifier: Apache-2.0
/** `postern status`: what the server is doing. */

import type { WorkerRow } from '../control/protocol.ts'
import { type Define, examples } from './cli.ts'
import { humanDuration, plural, table } from './output.ts'

const WORKER_COLUMNS = [
  { title: 'WORKER', align: 'right' },
  { title: 'STATE' },
  { title: 'PID', align: 'right' },
  { title: 'UP' },
  { title: 'REPLACED', align: 'right' },
  { title: 'SHARDS' },
  { title: 'CONNECTIONS', align: 'right' },
  { title: 'QUEUED', align: 'right' },
  { title: 'HELD', align: 'right' },
] as const

const workerRow = (worker: WorkerRow): readonly string[] => [
  String(worker.index),
  worker.state,
  worker.pid === undefined ? '' : String(worker.pid),
  worker.startedAt === undefined ? '' : humanDuration(Date.now() - worker.startedAt),
  String(worker.replaced),
  worker.shards.join(', '),
  String(worker.connections),
  String(worker.queued),
  String(worker.held),
]

export const define: Define = (command, cli) => {
  command.addHelpText('after', examples('status', 'status --json')).action(async () => {
    await using client = await cli.connect()
    const status = await client.call('status', {})
    if (cli.json) {
      cli.printJson(status)
      return
    }
    const up = humanDuration(Date.now() - status.startedAt)
    cli.print(`Postern ${status.version}, up ${up}, revision ${status.revision}`)
    cli.print(
      `${plural(status.connections, 'connection')}, ${plural(status.queued, 'recipient')} queued, ${status.held} held`,
    )
    for (const { name, ok, detail } of status.machine) cli.print(`${ok ? '' : 'ALARM '}${name}: ${detail}`)
    cli.print('')
    const rows = status.listeners.map(({ name, service, address, port }) => [name, service, address, String(port)])
    const columns = [
      { title: 'LISTENER' },
      { title: 'SERVICE' },
      { title: 'ADDRESS' },
      { title: 'PORT', align: 'right' },
    ] as const
    cli.print(table(columns, rows, { color: cli.color }))
    if (status.workers.length < 2) return
    cli.print('')
    cli.print(table(WORKER_COLUMNS, status.workers.map(workerRow), { color: cli.color }))
  })
}
