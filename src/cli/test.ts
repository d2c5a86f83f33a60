// SPDX-License-Identifier: Apache-2.0
/** `postern test`: the policy tests of a configuration. Needs no server; asks no name server. */
import { type Define, examples } from './cli.ts'
import { Finding } from './exit.ts'
import { plural } from './output.ts'

export const define: Define = (command, cli) => {
  command
    .argument('[DIR]', 'folder of postern.yaml; the tests are the .yaml files in its folder tests')
    .option('--verbose', 'name the tests that are fine, too')
    .addHelpText('after', '\nEnds with 1 when a test fails. serve and reload refuse a configuration whose tests fail.')
    .addHelpText('after', examples('test', 'test /etc/postern --verbose', 'test --json'))
    .action(async (argument: string | undefined, { verbose }: { readonly verbose?: true }) => {
      const { complainAbout, load } = await import('./configuration.ts')
      const loaded = await load(cli.directory(argument))
      const { revision } = loaded
      if (revision === undefined) {
        complainAbout(loaded, cli)
        throw new Finding('the configuration has errors')
      }
      const { runPolicyTests } = await import('../hypothetical/policy-tests/run-tests.ts')
      const run = await runPolicyTests(revision)
      const { results, problems, fine } = run
      if (!fine) cli.finding()
      if (cli.json) {
        const tests = results.map(({ test: { name, file, line }, differences, hypothesis }) => {
          return { name, file, line, fine: differences.length === 0, differences, hypothesis }
        })
        return cli.printJson({ fine, problems, tests })
      }
      const { renderTests } = await import('../hypothetical/policy-tests/render-tests.ts')
      const { mappings } = revision.tables
      const text = renderTests(run, { color: cli.color, mappings, all: verbose === true })
      if (text !== '') cli.print(text)
      const failed = results.filter(({ differences }) => differences.length > 0).length
      cli.print(`${plural(results.length, 'test')}, ${failed === 0 ? 'all fine' : `${failed} failed`}`)
    })
}
