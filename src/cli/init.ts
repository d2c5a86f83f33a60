// SPDX-License-Identifier: Apache-2.0
/** `postern init`: a first configuration that is safe as it stands. */
import { hostname } from 'node:os'
import { relative } from 'node:path'
import { type Define, examples } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

export const define: Define = (command, cli) => {
  command
    .argument('[DIR]', 'folder to write to; made when it is missing')
    .option('--hostname <NAME>', 'the full name of this server; default: what the system says')
    .addHelpText('after', '\nNever overwrites a file.')
    .addHelpText('after', examples('init /etc/postern', 'init --hostname mail.example.org .'))
    .action(async (argument: string | undefined, options: { hostname?: string }) => {
      const directory = cli.directory(argument)
      const [{ initDirectory }, { isHostname }] = await Promise.all([
        import('../config/init.ts'),
        import('../config/names.ts'),
      ])
      if (options.hostname !== undefined && !isHostname(options.hostname))
        throw new UsageError(`"${options.hostname}" is not a host name`)
      const result = await initDirectory(directory, options.hostname ?? hostname())
      if (result.kind === 'exists') throw new Finding(`${result.file} is there already; nothing was written`)
      if (cli.json) {
        cli.printJson(result)
        return
      }
      for (const file of result.files) cli.print(`wrote ${file}`)
      if (result.isExample)
        cli.print(`\nThe hostname is an example: put the full name of this server in place of ${result.hostname}.`)
      const where = relative(process.cwd(), directory)
      const config = where === '' ? '' : ` --config ${where.startsWith('..') ? directory : where}`
      cli.print('\nNext:')
      for (const next of ['domain add example.org', 'user add kim@example.org', 'check', 'serve'])
        cli.print(`  postern${config} ${next}`)
    })
}
