// SPDX-License-Identifier: Apache-2.0
/** `postern audit`: can strangers relay? Proved no, open with a session that shows it, or undecided, naming the row. */
import type { AuditedWay } from '../hypothetical/audit/relay-audit.ts'
import { type Define, examples } from './cli.ts'
import { Finding } from './exit.ts'
import { clean, paint } from './output.ts'

const COLOURS = { no: 'green', open: 'red', undecided: 'yellow' } as const

export const define: Define = (command, cli) => {
  command
    .argument('[DIR]', 'folder of postern.yaml')
    .addHelpText('after', '\nEnds with 1 unless the answer is a proved no.')
    .addHelpText('after', examples('audit', 'audit /etc/postern', 'audit --json'))
    .action(async (argument: string | undefined) => {
      const directory = cli.directory(argument)
      const { complainAbout, load } = await import('./configuration.ts')
      const loaded = await load(directory)
      if (loaded.revision === undefined) {
        complainAbout(loaded, cli)
        throw new Finding('the configuration has errors')
      }
      const { openSite } = await import('../hypothetical/open-site.ts')
      const { auditRelay } = await import('../hypothetical/audit/relay-audit.ts')
      await using site = openSite(loaded.revision, { offline: true })
      const { verdict, inside, ways } = await auditRelay(site)
      if (verdict !== 'no') cli.finding()
      if (cli.json) return cli.printJson({ verdict, inside, ways })
      const answer = { no: 'no: proved', open: 'YES', undecided: 'undecided' }[verdict]
      cli.print(`Can a stranger relay?  ${paint(cli.color, COLOURS[verdict], answer)}\n`)
      for (const way of ways) for (const line of linesOf(way, cli.color)) cli.print(line)
      cli.print(`\ninside: ${inside.length === 0 ? 'nobody' : inside.map((each) => clean(each)).join(', ')}`)
    })
}

function linesOf({ listener, tls, source, verdict, because, row, example }: AuditedWay, color: boolean): string[] {
  const mark = paint(color, COLOURS[verdict], verdict.padEnd(9))
  return [
    `${mark}  ${clean(listener)}${tls ? ', under TLS' : ''}, as ${source}: ${clean(because)}`,
    ...(row === undefined ? [] : [`           ${row.table} ${clean(row.file)}:${row.line}  ${clean(row.text)}`]),
    ...(example === undefined ? [] : [`           try: ${commandOf(example)}`]),
  ]
}

/** The command that shows it. */
function commandOf({ ip, listener, tls, helo, from = '', to }: NonNullable<AuditedWay['example']>): string {
  const words = ['postern explain --offline', `--ip ${ip}`]
  if (listener !== undefined) words.push(`--listener ${quoted(listener)}`)
  if (tls === true) words.push('--tls')
  if (helo !== undefined) words.push(`--helo ${quoted(helo)}`)
  words.push(`--from ${quoted(`<${from}>`)}`, ...to.map((each) => `--to ${quoted(`<${each}>`)}`))
  return words.join(' ')
}

/** For a shell. */
const quoted = (text: string): string =>
  /^[\w.@:-]+$/.test(text) ? text : `'${clean(text, 1000).replaceAll("'", "'\\''")}'`
