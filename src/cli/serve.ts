// SPDX-License-Identifier: Apache-2.0
/** `postern serve`: the server, until a signal. */
import { type Define, examples } from './cli.ts'

export const define: Define = (command, cli) => {
  command
    .addHelpText('after', '\nSIGTERM and SIGINT end the server after what it is doing, SIGHUP has it reload.')
    .addHelpText('after', examples('serve --config /etc/postern'))
    .action(async () => {
      const directory = cli.directory()
      const signal = cli.untilSignal()
      const { serve } = await import('../main.ts')
      await serve(directory, { signal })
    })
}
