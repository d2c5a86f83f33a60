// SPDX-License-Identifier: Apache-2.0
/** `postern demo`: a whole site on loopback, with real mail through it. */
import { type Define, examples } from './cli.ts'
import { EXIT } from './exit.ts'

export const define: Define = (command, cli) => {
  command
    .option('--once', 'end after the table; fails unless every verdict is as expected')
    .option('--directory <DIR>', 'folder of the demo site')
    .addHelpText('after', '\nListens and connects on loopback addresses alone.')
    .addHelpText('after', examples('demo', 'demo --once', 'demo --directory /tmp/demo'))
    .action(async ({ once, directory }: { once?: boolean; directory?: string }) => {
      const signal = cli.untilSignal()
      const { runDemo } = await import('../demo/demo.ts')
      const where = directory === undefined ? {} : { directory }
      const code = await runDemo({ once: once === true, json: cli.json, signal, ...where })
      cli.exitCode = code === 0 ? EXIT.fine : EXIT.finding
    })
}
