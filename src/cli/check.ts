// SPDX-License-Identifier: Apache-2.0
/** `postern check`: everything that is wrong with a configuration, at once. Needs no server. */
import { formatDiagnostics } from '../config/diagnostic.ts'
import { type Define, examples } from './cli.ts'
import { plural } from './output.ts'

export const define: Define = (command, cli) => {
  command
    .argument('[DIR]', 'folder of postern.yaml')
    .option('--strict', 'take warnings for errors')
    .addHelpText('after', '\nEnds with 1 when there is an error; with --strict also when there is a warning.')
    .addHelpText('after', examples('check', 'check /etc/postern --strict', 'check --json'))
    .action(async (argument: string | undefined, { strict }: { strict?: boolean }) => {
      const directory = cli.directory(argument)
      const { load } = await import('./configuration.ts')
      const loaded = await load(directory)
      const { revision, sources } = loaded
      const { checkMappingTables } = await import('../config/checks/mapping-tables.ts')
      const { compareDiagnostics } = await import('../config/diagnostic.ts')
      const tables = revision === undefined ? [] : checkMappingTables(revision.tables.mappings)
      const { checkOwnTemplates } = await import('./template-source.ts')
      const templates = await checkOwnTemplates(directory, revision)
      const diagnostics = [...loaded.diagnostics, ...tables, ...templates.diagnostics].sort(compareDiagnostics)
      // A template with a mistake is not offered; mail does not wait for it.
      const wrong = revision === undefined || templates.diagnostics.some(({ severity }) => severity === 'error')
      if (wrong || (strict === true && diagnostics.length > 0)) cli.finding()
      if (cli.json) {
        cli.printJson({ revision: revision?.id ?? null, diagnostics })
        return
      }
      if (diagnostics.length > 0)
        cli.print(formatDiagnostics(diagnostics, new Map([...sources, ...templates.sources]), { color: cli.color }))
      if (revision !== undefined)
        cli.print(`${directory}: fine, ${plural(revision.files.size, 'file')}, revision ${revision.id}`)
    })
}
