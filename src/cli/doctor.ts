// SPDX-License-Identifier: Apache-2.0
/** `postern doctor`: what can be seen to be wrong with this installation, from outside and by the server itself. */
import { access, constants, statfs } from 'node:fs/promises'
import { type Cli, type Define, examples } from './cli.ts'
import { EXIT } from './exit.ts'
import { clean, humanSize, paint, plural } from './output.ts'

interface Check {
  readonly name: string
  readonly fine: boolean
  readonly detail: string
}

/** Below this the queue is about to refuse mail. */
const LOW_SPACE = 1 << 30

export const define: Define = (command, cli) => {
  command
    .addHelpText('after', '\nLooks at the configuration and the spool, and asks the server to check itself.')
    .addHelpText('after', examples('doctor', 'doctor --json'))
    .action(async () => {
      const checks = [...(await configuration(cli)), ...(await spool(cli))]
      const unreachable = await server(cli, checks)
      if (checks.some(({ fine }) => !fine)) cli.finding()
      if (unreachable) cli.exitCode = EXIT.unreachable
      if (cli.json) {
        cli.printJson(checks)
        return
      }
      for (const { name, fine, detail } of checks) {
        const mark = fine ? paint(cli.color, 'green', 'fine ') : paint(cli.color, 'red', 'WRONG')
        cli.print(`${mark}  ${clean(name, 60).padEnd(16)}  ${clean(detail, 300)}`)
      }
    })
}

async function configuration(cli: Cli): Promise<Check[]> {
  const { load } = await import('./configuration.ts')
  const { revision, diagnostics } = await load(cli.directory())
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const warnings = diagnostics.length - errors
  const detail =
    revision === undefined
      ? `${plural(errors, 'error')}: postern check says which`
      : `revision ${revision.id}${warnings > 0 ? `, ${plural(warnings, 'warning')}: postern check says which` : ''}`
  return [{ name: 'configuration', fine: errors === 0, detail }]
}

async function spool(cli: Cli): Promise<Check[]> {
  const { spool: folder } = await cli.peek()
  try {
    await access(folder, constants.R_OK | constants.W_OK)
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    return [{ name: 'spool', fine: free >= LOW_SPACE, detail: `${folder}, ${humanSize(free)} free` }]
  } catch (error) {
    return [{ name: 'spool', fine: false, detail: error instanceof Error ? error.message : String(error) }]
  }
}

/** Adds the server's own checks; whether it could not be reached. */
async function server(cli: Cli, checks: Check[]): Promise<boolean> {
  try {
    await using client = await cli.connect()
    const status = await client.call('status', {})
    checks.push({ name: 'server', fine: true, detail: `Postern ${status.version}, revision ${status.revision}` })
    checks.push(...(await client.call('doctor', {})).checks)
    return false
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ControlUnreachable') throw error
    checks.push({ name: 'server', fine: false, detail: error.message })
    return true
  }
}
