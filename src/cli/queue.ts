// SPDX-License-Identifier: Apache-2.0
/** `postern queue …`: the live server's queue, looked at and acted on; on the disk: queue-at-rest.ts. */
import type { Command } from 'commander'
import type { QueueGroup, QueueRow } from '../control/protocol.ts'
import { parseMessageId } from '../envelope/message-id.ts'
import { type Cli, type Define, examples } from './cli.ts'
import { UsageError } from './exit.ts'
import { clean, humanDuration, humanSize, plural, table } from './output.ts'
import { defineAtRest } from './queue-at-rest.ts'
import { addSelection, requireSelection, type SelectionOptions, selectionOf } from './selection.ts'

export const define: Define = (command, cli) => {
  list(command, cli)
  shape(command, cli)
  show(command, cli)
  act(command, cli, 'retry', 'try again now', 'retry --domain example.com')
  act(command, cli, 'hold', 'set aside until released', 'hold --sender kim@example.org', 'why, for the trace')
  act(command, cli, 'release', 'let go on what was held', 'release 01KXYZ...')
  act(command, cli, 'bounce', 'return to the sender now', 'bounce --domain exmaple.com', 'why, told to the sender')
  act(
    command,
    cli,
    'delete',
    'delete without telling the sender',
    'delete --sender "<>" --state held',
    'why, for the trace',
  )
  reroute(command, cli)
  defineAtRest(command, cli)
  command.addHelpText('after', examples('queue shape', 'queue list --channel tcp_local', 'queue retry --all'))
}

function list(parent: Command, cli: Cli): void {
  addSelection(
    parent.command('list').summary('list recipients').description('List recipients, the oldest message first.'),
  )
    .option('--limit <N>', 'recipients to list at most', '1000')
    .addHelpText('after', examples('queue list', 'queue list --state held', 'queue list --reason "greylisted" --json'))
    .action(async (ids: string[], options: SelectionOptions & { limit: string }) => {
      const selection = selectionOf(ids, options)
      const limit = Number(options.limit)
      if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
        throw new UsageError('--limit is a number from 1 to 10000')
      await using client = await cli.connect()
      const result = await client.call('queue.list', { limit, ...(selection === undefined ? {} : { selection }) })
      if (cli.json) {
        cli.printJson(result)
        return
      }
      if (result.rows.length === 0) cli.print('nothing')
      else cli.print(queueTable(result.rows, Date.now(), cli.color))
      if (result.more) cli.print(`… and more; --limit shows up to 10000`)
    })
}

export function queueTable(rows: readonly QueueRow[], nowMs: number, color: boolean): string {
  const columns = [
    { title: 'ID' },
    { title: 'AGE', align: 'right' },
    { title: 'SIZE', align: 'right' },
    { title: 'SENDER', max: 40 },
    { title: 'RECIPIENT', max: 40 },
    { title: 'CHANNEL' },
    { title: 'NEXT', align: 'right' },
    { title: 'TRIES', align: 'right' },
    { title: 'REASON', max: 100 },
  ] as const
  const cells = rows.map((row) => [
    row.id,
    humanDuration(nowMs - row.receivedAt),
    humanSize(row.size),
    row.sender === '' ? '<>' : row.sender,
    row.recipient,
    row.channel,
    next(row, nowMs),
    String(row.attempts),
    row.reason ?? '',
  ])
  return table(columns, cells, { color })
}

const next = ({ state, nextAt }: Pick<QueueRow, 'state' | 'nextAt'>, nowMs: number): string =>
  state === 'held' ? 'held' : nextAt === undefined || nextAt <= nowMs ? 'now' : humanDuration(nextAt - nowMs)

function shape(parent: Command, cli: Cli): void {
  parent
    .command('shape')
    .summary('count recipients by destination and reason')
    .description('Count recipients that wait for the same reason at the same destination, the largest group first.')
    .addHelpText('after', examples('queue shape', 'queue shape --json'))
    .action(async () => {
      await using client = await cli.connect()
      const { groups } = await client.call('queue.shape', {})
      if (cli.json) cli.printJson(groups)
      else cli.print(groups.length === 0 ? 'the queue is empty' : shapeTable(groups, Date.now(), cli.color))
    })
}

export function shapeTable(groups: readonly QueueGroup[], nowMs: number, color: boolean): string {
  const columns = [
    { title: 'RECIPIENTS', align: 'right' },
    { title: 'CHANNEL' },
    { title: 'DOMAIN', max: 50 },
    { title: 'OLDEST', align: 'right' },
    { title: 'NEXT', align: 'right' },
    { title: 'REASON', max: 120 },
  ] as const
  const cells = groups
    .toSorted((a, b) => b.recipients - a.recipients)
    .map((group) => [
      String(group.recipients),
      group.channel,
      group.domain,
      humanDuration(nowMs - group.oldestAt),
      next(group, nowMs),
      group.reason,
    ])
  return table(columns, cells, { color })
}

function show(parent: Command, cli: Cli): void {
  parent
    .command('show')
    .summary('show one message')
    .description('Show the envelope of a message and the state of each recipient.')
    .argument('<ID>', 'message')
    .option('--content', 'with its content')
    .addHelpText('after', examples('queue show 01KXYZ...', 'queue show 01KXYZ... --content'))
    .action(async (id: string, { content }: { content?: boolean }) => {
      if (parseMessageId(id) === undefined) throw new UsageError(`"${id}" is not the id of a message`)
      await using client = await cli.connect()
      const result = await client.call('queue.show', { id, content: content === true })
      if (cli.json) {
        cli.printJson(result)
        return
      }
      const { stringify } = await import('yaml')
      cli.print(cleanLines(stringify(result.message, { lineWidth: 0 }).trimEnd()))
      if (result.content !== undefined) {
        cli.print('---')
        cli.print(cleanLines(result.content))
      }
      if (result.truncated === true) cli.print('… the rest is left out')
    })
}

const cleanLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => clean(line.replaceAll('\t', '    '), 2000))
    .join('\n')

type Act = 'retry' | 'hold' | 'release' | 'bounce' | 'delete'

function act(parent: Command, cli: Cli, name: Act, what: string, example: string, because?: string): void {
  const command = addSelection(
    parent
      .command(name)
      .summary(what)
      .description(`${what[0]?.toUpperCase()}${what.slice(1)}.`),
  )
  command.option('--all', 'every recipient of the queue')
  if (because !== undefined) command.option('--because <TEXT>', because)
  command
    .addHelpText('after', examples(`queue ${example}`))
    .action(async (ids: string[], options: SelectionOptions & { because?: string }) => {
      const selection = requireSelection(ids, options)
      const reason = options.because === undefined ? {} : { reason: options.because }
      await using client = await cli.connect()
      tell(cli, name, await client.call(`queue.${name}`, { selection, ...reason }))
    })
}

function reroute(parent: Command, cli: Cli): void {
  addSelection(
    parent
      .command('reroute')
      .summary('send another way')
      .description('Send recipients to another channel or next hop, from now on.'),
  )
    .option('--all', 'every recipient of the queue')
    .requiredOption('--to <CHANNEL>', 'the channel to queue to')
    .option('--via <HOST>', 'next hop: host, [address], with :port if needed')
    .addHelpText('after', examples('queue reroute --domain example.com --to tcp_local --via backup.example.com'))
    .action(async (ids: string[], options: SelectionOptions & { to: string; via?: string }) => {
      const selection = requireSelection(ids, options)
      const via = options.via === undefined ? {} : { via: options.via }
      await using client = await cli.connect()
      tell(cli, 'reroute', await client.call('queue.reroute', { selection, channel: options.to, ...via }))
    })
}

function tell(cli: Cli, name: string, result: { readonly recipients: number }): void {
  if (result.recipients === 0) cli.finding()
  if (cli.json) cli.printJson(result)
  else cli.print(`${name}: ${result.recipients === 0 ? 'no recipient fits' : plural(result.recipients, 'recipient')}`)
}
