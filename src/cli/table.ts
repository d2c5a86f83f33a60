// SPDX-License-Identifier: Apache-2.0
/** `postern table`: looks at mapping tables, and asks one. Needs no server; with `--mappings` no configuration either. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type { Mappings, MappingTable } from '../mapping/index.ts'
import { type Cli, type Define, examples } from './cli.ts'
import { UsageError } from './exit.ts'
import { clean, plural, table } from './output.ts'
import type { TablesOptions } from './table-source.ts'

export const define: Define = (command, cli) => {
  defineList(withSource(command.command('list').summary('list mapping tables')), cli)
  defineShow(withSource(command.command('show').summary('print a table as it is read')), cli)
  defineProbe(withSource(command.command('probe').summary('ask a table')), cli)
  defineHits(command.command('hits').summary('list rows by how often they decided'), cli)
  command.addHelpText('after', examples('table list', "table probe INTERNAL_IP '192.0.2.1'", 'table hits'))
}

const withSource = (command: Command): Command =>
  command
    .option('--mappings <FILE>', 'a mappings file instead of the configuration')
    .option('--general <FILE>', 'a general table instead of that of the configuration')

function defineList(command: Command, cli: Cli): void {
  command
    .description('List mapping tables.')
    .addHelpText('after', examples('table list', 'table list --mappings /opt/sun/config/mappings'))
    .action(async (options: TablesOptions) => {
      await using site = await open(options, cli)
      const { describeTable } = await import('../mapping/index.ts')
      const all = [...site.mappings.tables()].map((each) => ({ ...describeTable(each), at: each }))
      if (cli.json)
        return cli.printJson(
          all.map(({ name, rows, alwaysTried, shadowed, at: { file, line } }) => {
            return { name, file, line, rows, alwaysTried, shadowed: shadowed.length }
          }),
        )
      if (all.length === 0) return cli.print('no mapping tables')
      const columns = [
        { title: 'table' },
        { title: 'rows', align: 'right' },
        { title: 'always tried', align: 'right' },
        { title: 'where' },
        { title: '' },
      ] as const
      const rows = all.map(({ name, rows, alwaysTried, shadowed, at }) => [
        name,
        String(rows),
        String(alwaysTried),
        `${at.file}:${at.line}`,
        shadowed.length === 0 ? '' : `${plural(shadowed.length, 'row')} never decide: postern check says which`,
      ])
      cli.print(table(columns, rows, { color: cli.color }))
    })
}

function defineShow(command: Command, cli: Cli): void {
  command
    .argument('<NAME>', 'the table')
    .description('Print a mapping table as it is read, with the place of each row.')
    .addHelpText('after', examples('table show ORIG_SEND_ACCESS', 'table show PORT_ACCESS --json'))
    .action(async (wanted: string, options: TablesOptions) => {
      await using site = await open(options, cli)
      const { name, file, line, rows } = tableNamed(site.mappings, wanted)
      if (cli.json)
        return cli.printJson({
          name,
          file,
          line,
          rows: rows.map((row) => {
            const { name, file, line, column, patternText: pattern, templateText: template } = row
            return { name, file, line, column, pattern, template }
          }),
        })
      const { formatRow } = await import('../mapping/index.ts')
      const places = rows.map(({ file, line }) => `${clean(file)}:${line}`)
      const margin = places.reduce((most, place) => Math.max(most, place.length), 0)
      const width = rows.reduce((most, row) => Math.max(most, row.patternText.length), 0)
      cli.print(`${clean(name)}\n`)
      for (const [i, row] of rows.entries())
        cli.print(`${(places[i] ?? '').padEnd(margin)}  ${clean(formatRow(row, Math.min(WIDEST, width)), LONGEST)}`)
    })
}

/** Patterns are aligned up to this width. */
const WIDEST = 60
/** Characters of a row that are shown: what a file may hold of pattern and template. */
const LONGEST = 20_000

interface ProbeOptions extends TablesOptions {
  readonly flags?: string
  readonly stdin?: true
}

function defineProbe(command: Command, cli: Cli): void {
  command
    .argument('<NAME>', 'the table')
    .argument('[PROBE]', 'what it is asked')
    .option('--flags <LETTERS>', 'input flags, such as AT', '')
    .option('--stdin', 'read probes from standard input, one a line; prints one line of JSON for each')
    .option('--offline', 'ask no name server')
    .description('Ask a mapping table. Counts and sequence numbers that rows use stay as they are.')
    .addHelpText(
      'after',
      examples(
        "table probe ORIG_SEND_ACCESS 'tcp_local|kim@example.net|tcp_local|lee@example.com'",
        "table probe PORT_ACCESS 'TCP|192.0.2.10|25|198.51.100.7|50344' --flags A --mappings ./mappings",
        'table probe INTERNAL_IP --stdin < addresses',
      ),
    )
    .action(async (name: string, probe: string | undefined, options: ProbeOptions) => {
      const { flags: input = '' } = options
      if (!/^[A-Za-z]*$/.test(input)) throw new UsageError(`"${input}" are no input flags: letters, such as AT`)
      if ((probe === undefined) === (options.stdin === undefined))
        throw new UsageError(probe === undefined ? 'what to ask is missing, or --stdin' : 'a probe and --stdin')
      await using site = await open(options, cli)
      tableNamed(site.mappings, name)
      const { probeJson, probeTable } = await import('../hypothetical/probe-table.ts')
      const ask = async (text: string) => {
        const result = await probeTable(site, { table: name, probe: text, input })
        if (result.kind === 'deferred') {
          cli.finding()
          cli.complain(`postern: nobody knows: ${result.cause}`)
        }
        return result
      }
      if (probe === undefined) {
        for await (const line of createInterface({ input: cli.streams.stdin, crlfDelay: Number.POSITIVE_INFINITY }))
          if (!cli.streams.stdout.write(`${JSON.stringify(probeJson(await ask(line)))}\n`))
            await once(cli.streams.stdout, 'drain')
        return
      }
      const result = await ask(probe)
      if (cli.json) return cli.printJsonLine(probeJson(result))
      const { renderProbe } = await import('../hypothetical/render.ts')
      cli.print(renderProbe(result, { color: cli.color, mappings: site.mappings }))
    })
}

function defineHits(command: Command, cli: Cli): void {
  command
    .option('--table <NAME>', 'rows of this table alone')
    .description('List rows by how often they decided, as the history tells; at the end those that never did.')
    .addHelpText('after', examples('table hits', 'table hits --table ORIG_SEND_ACCESS'))
    .action(async (options: { readonly table?: string }) => {
      await using site = await open({ offline: true }, cli)
      const only = options.table === undefined ? undefined : tableNamed(site.mappings, options.table).name
      const { countHits, hitRows } = await import('../hypothetical/table-hits.ts')
      const { paths } = await cli.peek()
      const rows = hitRows(site.mappings, countHits(paths.history), only)
      if (cli.json) return cli.printJson(rows)
      if (rows.length === 0) return cli.print('no rows')
      const columns = [{ title: 'hits', align: 'right' }, { title: 'where' }, { title: 'row', max: 100 }] as const
      const cells = rows.map(({ hits, file, line, table: name, text }) => [
        String(hits),
        `${name} ${file}:${line}`,
        text.trim(),
      ])
      cli.print(table(columns, cells, { color: cli.color }))
    })
}

const open = async (options: TablesOptions, cli: Cli) => {
  const { openTables } = await import('./table-source.ts')
  return await openTables(options, cli)
}

function tableNamed(mappings: Mappings, name: string): MappingTable {
  const found = mappings.table(name)
  if (found !== undefined) return found
  const names = [...mappings.tables()].map((each) => each.name)
  throw new UsageError(`there is no table ${name}${names.length === 0 ? '' : `; there are ${names.join(', ')}`}`)
}
