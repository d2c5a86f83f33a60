// SPDX-License-Identifier: Apache-2.0
/** `postern queue verify | export | import`: the queue on the disk, while no server has it. */
import type { Command } from 'commander'
import { existingShards, shardPaths, spoolPaths } from '../config/spool-paths.ts'
import { silentLog } from '../monitor/log.ts'
import type { LogStore } from '../queue/log/log-store.ts'
import { type Cli, examples } from './cli.ts'
import { EXIT } from './exit.ts'
import { clean, humanSize, plural } from './output.ts'

export function defineAtRest(parent: Command, cli: Cli): void {
  parent
    .command('verify')
    .summary('read the whole queue and say what is wrong with it')
    .description('Read every message and every sum of a stopped server’s queue. Changes nothing.')
    .addHelpText('after', examples('queue verify', 'queue verify --json'))
    .action(() => whileStopped(cli, () => verify(cli)))
  parent
    .command('export')
    .summary('write the queue as files')
    .description('Write each message of a stopped server’s queue as ID.eml, its content, and ID.json, its envelope.')
    .argument('<DIR>', 'folder to write into; made when missing')
    .addHelpText('after', examples('queue export /var/backups/queue'))
    .action((directory: string) => whileStopped(cli, () => exportTo(cli, directory)))
  parent
    .command('import')
    .summary('take in what export wrote')
    .description('Put what export wrote into a stopped server’s queue. What is queued already is left out.')
    .argument('<DIR>', 'folder that export wrote')
    .addHelpText('after', examples('queue import /var/backups/queue'))
    .action((directory: string) => whileStopped(cli, () => importFrom(cli, directory)))
}

/** A server that has the queue is said to be in the way, with the exit code for a server that cannot be reached. */
async function whileStopped(cli: Cli, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'QueueInUse') throw error
    cli.complain(`postern: ${error.message}: stop the server first`)
    cli.exitCode = EXIT.unreachable
  }
}

async function folders(cli: Cli): Promise<readonly string[]> {
  const paths = spoolPaths((await cli.peek()).spool)
  return (await existingShards(paths)).map((shard) => shardPaths(paths, shard).store)
}

async function verify(cli: Cli): Promise<void> {
  const { verifyQueue } = await import('../queue/log/verify.ts')
  const results = []
  for (const folder of await folders(cli)) results.push({ folder, ...(await verifyQueue(folder)) })
  if (results.some(({ findings }) => findings.length > 0)) cli.finding()
  if (cli.json) {
    cli.printJson(results)
    return
  }
  for (const { folder, messages, octets, findings } of results) {
    for (const finding of findings) cli.print(clean(finding, 300))
    const found = findings.length === 0 ? 'nothing wrong' : plural(findings.length, 'finding')
    cli.print(`${folder}: ${plural(messages, 'message')}, ${humanSize(octets)} of content: ${found}`)
  }
  if (results.length === 0) cli.print('there is no queue yet')
}

async function exportTo(cli: Cli, directory: string): Promise<void> {
  const { exportQueue } = await import('../queue/log/transfer.ts')
  await using stores = await openAll(await folders(cli))
  let messages = 0
  for (const store of stores.all) messages += await exportQueue(store, directory)
  if (cli.json) cli.printJson({ messages })
  else cli.print(`${plural(messages, 'message')} written to ${directory}`)
}

async function importFrom(cli: Cli, directory: string): Promise<void> {
  const { importQueue } = await import('../queue/log/transfer.ts')
  const there = await folders(cli)
  const first = shardPaths(spoolPaths((await cli.peek()).spool), 0).store
  await using stores = await openAll(there.length === 0 ? [first] : there)
  const [into, ...others] = stores.all
  if (into === undefined) return
  const taken = await Array.fromAsync(importQueue(into, directory, others))
  const skipped = taken.filter((each) => each.skipped !== undefined)
  if (skipped.some(({ skipped: why }) => why !== 'it is in the queue already')) cli.finding()
  if (cli.json) {
    cli.printJson({ messages: taken.length - skipped.length, skipped })
    return
  }
  for (const { id, skipped: why } of skipped) cli.print(`${clean(id, 60)}: left out: ${clean(why ?? '', 200)}`)
  cli.print(`${plural(taken.length - skipped.length, 'message')} taken in, ${skipped.length} left out`)
}

async function openAll(paths: readonly string[]): Promise<AsyncDisposable & { readonly all: readonly LogStore[] }> {
  const { openLogStore } = await import('../queue/log/log-store.ts')
  await using opened = new AsyncDisposableStack()
  const all: LogStore[] = []
  for (const path of paths) all.push(opened.use(await openLogStore(path, { log: silentLog })))
  const kept = opened.move()
  return { all, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
