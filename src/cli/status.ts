// SPDX-License-Identifier: Apache-2.0
/** `postern status`: what the server is doing. */
import { examples } from './cli.ts'
import type { Define } from './commands.ts'
import { humanDuration, plural, table } from './output.ts'

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
  })
}
