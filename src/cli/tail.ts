// SPDX-License-Identifier: Apache-2.0
/** `postern tail`: the traces of the running server as they are written. */
import { type Define, examples } from './cli.ts'
import { type TailEvent, traceLine } from './trace-line.ts'

export const define: Define = (command, cli) => {
  command.addHelpText('after', examples('tail', 'tail --json | jq .outcome')).action(async () => {
    const signal = cli.untilSignal()
    await using client = await cli.connect()
    await client.follow(
      'tail',
      (event) => {
        if (cli.json) cli.printJsonLine(event)
        // The server is ours and of our version; it sends what its history writes.
        else cli.print(traceLine(event as TailEvent, cli.color))
      },
      signal,
    )
  })
}
