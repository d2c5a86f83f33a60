// SPDX-License-Identifier: Apache-2.0
/** What every command is given: where to print, where the configuration is, how to reach the server. */
import { basename, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Peek } from '../config/peek.ts'
import type { ControlClient } from '../control/client.ts'
import { EXIT, type ExitCode, UsageError } from './exit.ts'
import { wantsColor } from './output.ts'

/** Standard streams as far as commands use them; a terminal has more. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean }
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown }

export interface Streams {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
}

/** A signal to a whole group comes twice, from its sender and by way of what stands in front (scripts/runtime.mjs). */
const ONE_SIGNAL_MS = 1000

export class Cli {
  readonly streams: Streams
  exitCode: ExitCode = EXIT.fine
  #globals: { config?: string; json?: boolean } = {}

  constructor(streams: Streams) {
    this.streams = streams
  }

  /** Options that may stand before or behind the name of a command. */
  setGlobals(command: Command): void {
    this.#globals = command.optsWithGlobals<{ config?: string; json?: boolean }>()
  }

  get json(): boolean {
    return this.#globals.json === true
  }

  get color(): boolean {
    return wantsColor(this.streams.stdout, this.streams.env)
  }

  get errorColor(): boolean {
    return wantsColor(this.streams.stderr, this.streams.env)
  }

  print(text: string): void {
    this.streams.stdout.write(`${text}\n`)
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value, undefined, 2))
  }

  /** One line of JSON, for what is followed. */
  printJsonLine(value: unknown): void {
    this.print(JSON.stringify(value))
  }

  complain(text: string): void {
    this.streams.stderr.write(`${text}\n`)
  }

  finding(): void {
    this.exitCode = EXIT.finding
  }

  /** The configuration directory: the argument of the command, `--config`, POSTERN_CONFIG, else this directory. */
  directory(argument?: string): string {
    const chosen = argument ?? this.#globals.config ?? (this.streams.env['POSTERN_CONFIG'] || '.')
    // The name of the file is a fair way to name its folder.
    return resolve(basename(chosen) === 'postern.yaml' ? resolve(chosen, '..') : chosen)
  }

  /** Where the server and its spool are. @throws UsageError when there is no configuration */
  async peek(): Promise<Peek> {
    const directory = this.directory()
    const { peek } = await import('../config/peek.ts')
    const found = await peek(directory)
    if (found === undefined)
      throw new UsageError(
        `no postern.yaml that can be read in ${directory}; \`--config DIR\` names another folder, \`postern check\` says what is wrong`,
      )
    return found
  }

  /** A connection to the running server. @throws ControlUnreachable */
  async connect(): Promise<ControlClient> {
    const { control } = await this.peek()
    const { connectControl } = await import('../control/client.ts')
    return await connectControl(control)
  }

  /** Ends with Ctrl-C or SIGTERM; another one, a second later or more, ends the process at once. */
  untilSignal(): AbortSignal {
    const controller = new AbortController()
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      const end = (): void => {
        controller.abort()
        setTimeout(() => process.off(name, end), ONE_SIGNAL_MS).unref()
      }
      process.on(name, end)
    }
    return controller.signal
  }
}

/** What a command's file gives: adds arguments, options, subcommands and action to one that has its name and summary. */
export type Define = (command: Command, cli: Cli) => void

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ postern ${line}`).join('\n')}\n`
