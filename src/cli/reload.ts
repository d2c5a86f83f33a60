// SPDX-License-Identifier: Apache-2.0
/** `postern reload`: the server takes the configuration anew, or keeps what it has and says what is wrong. */
import { type Define, examples } from './cli.ts'

export const define: Define = (command, cli) => {
  command
    .addHelpText('after', '\nA configuration with an error changes nothing: the server keeps the one it has.')
    .addHelpText('after', examples('reload', 'check && postern reload'))
    .action(async () => {
      await using client = await cli.connect()
      const result = await client.call('reload', {})
      if (cli.json) {
        cli.printJson(result)
        return
      }
      const { before, revision, notes } = result
      cli.print(before === revision ? `unchanged: revision ${revision}` : `revision ${before} → ${revision}`)
      for (const note of notes) cli.print(note)
    })
}
