// SPDX-License-Identifier: Apache-2.0
/** `postern explain ID`: the recorded way of a message, stage by stage, with what decided. Needs no server. */
import { parseMessageId } from '../envelope/message-id.ts'
import { type Define, examples } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

export const define: Define = (command, cli) => {
  command
    .argument('<ID>', 'message, or session of a refused connection')
    .addHelpText('after', examples('explain 01KXYZ...', 'explain 01KXYZ... --json'))
    .action(async (text: string) => {
      const id = parseMessageId(text)
      if (id === undefined) throw new UsageError(`"${text}" is not the id of a message: seventeen letters and digits`)
      const { spool } = await cli.peek()
      const { openHistory, renderLadder } = await import('../history/history.ts')
      const records = await openHistory(spool).get(id)
      if (records.length === 0) throw new Finding(`nothing is recorded about ${id}`)
      if (cli.json) cli.printJson(records)
      else cli.print(renderLadder(records, { color: cli.color }).trimEnd())
    })
}
