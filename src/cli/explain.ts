// SPDX-License-Identifier: Apache-2.0
/**
 * `postern explain`: why a message came to what it came to. With an ID the recorded way of a message, stage by stage;
 * with `--ip` what would become of a session, in the words of the same engine. Needs no server.
 */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Hypothesis } from '../hypothetical/hypothesis.ts'
import type { Scenario } from '../hypothetical/scenario.ts'
import type { OpenedSite } from '../hypothetical/site-of.ts'
import { type Cli, type Define, examples } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

interface Options {
  readonly ip?: string
  readonly port?: string
  readonly clientPort?: string
  readonly serverIp?: string
  readonly listener?: string
  readonly helo?: string
  readonly tls?: true
  readonly login?: string
  readonly from?: string
  readonly to?: readonly string[]
  readonly mailParameters?: string
  readonly expect?: string
  readonly offline?: true
  readonly at?: string
  readonly batch?: string
}

export const define: Define = (command, cli) => {
  command
    .argument('[ID_OR_FILE]', 'message, or session of a refused connection; with --ip a file with the message sent')
    .option('--ip <ADDRESS>', 'client address of a session that is asked about')
    .option('--port <PORT>', 'port it connects to; chooses the listener')
    .option('--listener <NAME>', 'listener it connects to')
    .option('--server-ip <ADDRESS>', 'address it connects to')
    .option('--client-port <PORT>', 'port it comes from')
    .option('--helo <NAME>', 'what it calls itself; its address in brackets otherwise')
    .option('--tls', 'under TLS')
    .option('--login <USER>', 'signed in as this user; no password is asked for')
    .option('--from <ADDRESS>', 'envelope sender; <> for the null sender')
    .option('--to <ADDRESS...>', 'recipients')
    .option('--mail-parameters <TEXT>', 'what stands behind the sender, such as SIZE=1000')
    .option('--expect <VERDICT>', 'accepted, held, discarded, deferred or refused: ends with 1 when it is another')
    .option('--offline', 'ask no name server')
    .option('--at <TIME>', 'when it happens, such as 2026-11-24T10:00:00Z; now otherwise')
    .option('--batch <FILE>', 'sessions, one JSON object a line (- for standard input), to one line of JSON each')
    .addHelpText('after', '\nA session that is asked about changes nothing: no mail is queued, no count is raised.')
    .addHelpText(
      'after',
      examples(
        'explain 01KXYZ...',
        'explain --ip 192.0.2.1 --from kim@example.net --to lee@example.org',
        'explain --ip 192.0.2.1 --port 587 --tls --login lee@example.org --from lee@example.org --to kim@example.net',
        'explain --ip 192.0.2.1 --from kim@example.net --to far@example.com --expect refused',
        'explain --batch sessions.jsonl --offline',
      ),
    )
    .action(async (argument: string | undefined, options: Options) => {
      if (options.batch !== undefined) return await batch(options.batch, options, cli)
      if (options.ip !== undefined) return await hypothetical(options.ip, argument, options, cli)
      if (argument === undefined) throw new UsageError('the id of a message is missing, or --ip, or --batch')
      await recorded(argument, cli)
    })
}

async function recorded(text: string, cli: Cli): Promise<void> {
  const { parseMessageId } = await import('../envelope/message-id.ts')
  const id = parseMessageId(text)
  if (id === undefined) throw new UsageError(`"${text}" is not the id of a message: seventeen letters and digits`)
  const { spool } = await cli.peek()
  const { openHistory, renderLadder } = await import('../history/history.ts')
  const records = await openHistory(spool).get(id)
  if (records.length === 0) throw new Finding(`nothing is recorded about ${id}`)
  if (cli.json) cli.printJson(records)
  else cli.print(renderLadder(records, { color: cli.color }).trimEnd())
}

async function hypothetical(ip: string, file: string | undefined, options: Options, cli: Cli): Promise<void> {
  const { isVerdict, VERDICTS } = await import('../hypothetical/hypothesis.ts')
  const { expect } = options
  if (expect !== undefined && !isVerdict(expect))
    throw new UsageError(`"${expect}" is no verdict; they are ${VERDICTS.join(', ')}`)
  const scenario = await scenarioOf(ip, file, options)
  await using site = await siteOf(options, cli)
  const { runScenario } = await import('../hypothetical/run-scenario.ts')
  const hypothesis = await asked(runScenario(scenario, site))
  if (cli.json) cli.printJson(hypothesis)
  else {
    const { renderHypothesis } = await import('../hypothetical/render.ts')
    cli.print(renderHypothesis(hypothesis, { color: cli.color, mappings: site.revision.tables?.mappings }))
  }
  if (expect !== undefined && hypothesis.verdict !== expect) {
    cli.finding()
    cli.complain(`postern: expected ${expect}, would be ${hypothesis.verdict}`)
  }
}

async function scenarioOf(ip: string, argument: string | undefined, options: Options): Promise<Scenario> {
  const { listener, helo, login, mailParameters, serverIp } = options
  const to = [...(options.to ?? [])]
  // `--to a@b c@d message.eml`: the last one is a file, no recipient.
  const last = to.at(-1)
  const isFile = argument === undefined && to.length > 1 && last?.includes('@') === false && existsSync(last)
  const file = isFile ? to.pop() : argument
  const { readFile } = await import('node:fs/promises')
  const given = { listener, helo, login, mailParameters, serverIp, tls: options.tls }
  return {
    ip,
    to: to.map(withoutBrackets),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(options.from === undefined ? {} : { from: withoutBrackets(options.from) }),
    ...(options.port === undefined ? {} : { port: portOf(options.port) }),
    ...(options.clientPort === undefined ? {} : { clientPort: portOf(options.clientPort) }),
    ...(file === undefined ? {} : { content: await readable(readFile(file), file) }),
  }
}

async function batch(file: string, options: Options, cli: Cli): Promise<void> {
  const { createInterface } = await import('node:readline')
  const { createReadStream } = await import('node:fs')
  await using site = await siteOf(options, cli)
  const input = file === '-' ? cli.streams.stdin : createReadStream(file)
  // Opened before it is read, so that a file that is not there is said, not thrown from nowhere.
  if (file !== '-') await readable(once(input, 'open'), file)
  const { runBatch } = await import('../hypothetical/batch.ts')
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  for await (const result of runBatch(lines, site)) {
    if ('error' in result || !isExpected(result, options.expect)) cli.finding()
    // Whoever reads may be slower than we are.
    if (!cli.streams.stdout.write(`${JSON.stringify(result)}\n`)) await once(cli.streams.stdout, 'drain')
  }
}

const isExpected = ({ verdict }: Hypothesis, expect: string | undefined): boolean =>
  expect === undefined || verdict === expect

/** @throws Finding when the configuration does not load */
async function siteOf({ offline, at }: Options, cli: Cli): Promise<OpenedSite> {
  const atMs = at === undefined ? undefined : Date.parse(at)
  if (Number.isNaN(atMs)) throw new UsageError(`"${at}" is no time; write 2026-11-24T10:00:00Z`)
  const { complainAbout, load } = await import('./configuration.ts')
  const loaded = await load(cli.directory())
  if (loaded.revision === undefined) {
    complainAbout(loaded, cli)
    throw new Finding('the configuration has errors')
  }
  const { openSite } = await import('../hypothetical/open-site.ts')
  return openSite(loaded.revision, { offline: offline === true, ...(atMs === undefined ? {} : { at: atMs }) })
}

/** What cannot be asked is a matter of the command line. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && error.name === 'BadScenario') throw new UsageError(error.message)
    throw error
  }
}

async function readable<T>(reading: Promise<T>, file: string): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw new Finding(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const withoutBrackets = (path: string): string => /^<(.*)>$/.exec(path)?.[1] ?? path

function portOf(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new UsageError(`"${text}" is no port`)
  return Number(text)
}
