// SPDX-License-Identifier: Apache-2.0
/** From arguments to an exit code. Only the file of the command that is called is loaded, so that help is quick. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { Cli, examples, type Streams } from './cli.ts'
import { COMMANDS } from './commands.ts'
import { EXIT, type ExitCode, Finding, UsageError } from './exit.ts'
import { clean, paint } from './output.ts'

export async function runCli(args: readonly string[], streams: Streams = process): Promise<ExitCode> {
  const cli = new Cli(streams)
  // `postern queue list | head` closes our output early; that is no fault.
  streams.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(cli.exitCode)
    throw error
  })
  try {
    const program = await buildProgram(cli, calledCommand(args))
    await program.parseAsync([...args], { from: 'user' })
    return cli.exitCode
  } catch (error) {
    return report(error, cli)
  }
}

/** The program with one command defined in full, or, without a name, with all of them (for tests of the manual). */
export async function buildProgram(cli: Cli, called: string | undefined | 'all'): Promise<Command> {
  const program = new Command('postern')
    .description('Postern: the guarded door of a mail system.')
    .version(version(), '-V, --version', 'print the version')
    .option('--config <DIR>', 'folder of postern.yaml; default: $POSTERN_CONFIG, else the current folder')
    .option('--json', 'print JSON')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => cli.streams.stdout.write(text),
      writeErr: (text) => cli.streams.stderr.write(text),
      outputError: (text, write) => write(paint(cli.errorColor, 'red', text)),
    })
    .hook('preAction', (_program, action) => cli.setGlobals(action))
  program.addHelpText('after', examples('init /etc/postern', 'check', 'serve', 'explain 01KXYZ...'))
  program.addHelpText('after', 'Exit codes: 0 fine, 1 finding, 2 usage, 3 cannot reach the server, 4 internal fault.')
  for (const { name, group, summary, load } of COMMANDS) {
    const command = program
      .command(name)
      .helpGroup(group)
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    if (called === name || called === 'all') (await load()).define(command, cli)
  }
  return program
}

/** The first word that is no option and no value of one. */
function calledCommand(args: readonly string[]): string | undefined {
  const words: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (arg === '--config') i += 1
    else if (!arg.startsWith('-')) words.push(arg)
  }
  return words[0] === 'help' ? words[1] : words[0]
}

const version = (): string => {
  const about: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof about === 'object' && about !== null && 'version' in about ? String(about.version) : 'unknown'
}

/** Names instead of classes: the classes live in files that most commands never load. */
function report(error: unknown, cli: Cli): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage
  if (!(error instanceof Error)) return fault(error, cli)
  if (error instanceof UsageError) return say(error, EXIT.usage, cli)
  if (error instanceof Finding) return say(error, EXIT.finding, cli)
  if (error.name === 'ControlUnreachable') return say(error, EXIT.unreachable, cli)
  if (error.name === 'ControlRefused') {
    const code = 'code' in error ? error.code : undefined
    return say(error, code === 'internal' ? EXIT.fault : code === 'bad-request' ? EXIT.usage : EXIT.finding, cli)
  }
  if (FINDINGS.has(error.name) || isOfTheSystem(error)) return say(error, EXIT.finding, cli)
  return fault(error, cli)
}

/** What keeps a server from starting. */
const FINDINGS = new Set(['ConfigurationRefused', 'SocketTaken', 'QueueInUse', 'UnknownFormat', 'OldFormat'])

/** A port that is taken or not allowed, a folder that cannot be written: to be mended outside, no fault of ours. */
const isOfTheSystem = (error: Error): boolean =>
  'syscall' in error && 'code' in error && SYSTEM_ERRORS.has(String(error.code))
const SYSTEM_ERRORS = new Set([
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'ENOSPC',
  'EROFS',
  'ENOTDIR',
  'EISDIR',
])

function say(error: Error, code: ExitCode, cli: Cli): ExitCode {
  const detail = 'detail' in error && typeof error.detail === 'string' ? error.detail : undefined
  const message = error.message
    .split('\n')
    .map((line) => clean(line, 1000))
    .join('\n')
  if (cli.json)
    cli.complain(JSON.stringify({ error: message, exitCode: code, ...(detail === undefined ? {} : { detail }) }))
  else cli.complain(`postern: ${message}${detail === undefined ? '' : `\n\n${detail}`}`)
  return code
}

function fault(error: unknown, cli: Cli): ExitCode {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  cli.complain(`postern: internal fault: ${text}`)
  return EXIT.fault
}
