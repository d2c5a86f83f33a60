// SPDX-License-Identifier: Apache-2.0
/** `postern track QUERY`: messages of the past and present that fit. Needs no server. */
import { type Define, examples } from './cli.ts'
import { Finding } from './exit.ts'
import { traceLine } from './trace-line.ts'

export const define: Define = (command, cli) => {
  command
    .argument('<QUERY>', 'an id, an address or part of one, a client address, a Message-ID, words of the subject')
    .addHelpText('after', examples('track kim@example.org', 'track 192.0.2.7', 'track "<20261124.1@example.org>"'))
    .action(async (query: string) => {
      const { spool } = await cli.peek()
      const { openHistory } = await import('../history/history.ts')
      const found = await openHistory(spool).track(query)
      if (cli.json) {
        cli.printJson(found)
        if (found.length === 0) cli.finding()
        return
      }
      if (found.length === 0) throw new Finding('nothing fits')
      for (const record of found) cli.print(traceLine(record, cli.color))
    })
}
