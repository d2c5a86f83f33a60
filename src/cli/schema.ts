// SPDX-License-Identifier: Apache-2.0
/** `postern schema`: the schema of postern.yaml, for editors and for the manual. */
import { type Define, examples } from './cli.ts'

export const define: Define = (command, cli) => {
  command
    .option('--markdown', 'print the settings reference of the manual instead')
    .addHelpText('after', examples('schema > postern.schema.json', 'schema --markdown'))
    .action(async ({ markdown }: { markdown?: boolean }) => {
      if (markdown === true) {
        const { settingsMarkdown } = await import('../config/settings-reference.ts')
        cli.print(settingsMarkdown().trimEnd())
        return
      }
      const { configJsonSchema } = await import('../config/json-schema.ts')
      cli.printJson(configJsonSchema())
    })
}
