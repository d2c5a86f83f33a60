// SPDX-License-Identifier: Apache-2.0
/** `postern config`: the whole configuration, with where each value comes from. */
import { type Define, examples } from './cli.ts'
import { EXIT } from './exit.ts'

export const define: Define = (command, cli) => {
  command
    .option('--effective', 'with every default and stock channel filled in; this is what is shown in any case')
    .addHelpText('after', examples('config --effective', 'config --effective | grep -v default'))
    .action(async () => {
      const { complainAbout, load } = await import('./configuration.ts')
      const loaded = await load(cli.directory())
      if (loaded.revision === undefined) {
        complainAbout(loaded, cli)
        cli.exitCode = EXIT.finding
        return
      }
      if (cli.json) {
        cli.printJson({ revision: loaded.revision.id, config: loaded.revision.asWritten })
        return
      }
      const { effectiveYaml } = await import('../config/effective.ts')
      cli.print(effectiveYaml(loaded.revision).trimEnd())
    })
}
