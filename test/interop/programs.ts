// SPDX-License-Identifier: Apache-2.0
/** Programs of others, run for one test and never longer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { findProgram } from '../peers/install.ts'
import { eventually, HOST } from './site.ts'

export interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Runs a program to its end; killed after the time. */
export async function run(program: string, args: readonly string[], ms = 15_000): Promise<Ran> {
  const child = start(program, args)
  const output = collect(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  const [code] = await once(child, 'close')
  clearTimeout(timer)
  return { code: typeof code === 'number' ? code : null, output: output() }
}

/** A server of others, listening at a port of HOST or at a socket's path; ended with its whole process group. */
export async function listening(
  program: string,
  args: readonly string[],
  at: number | string,
): Promise<AsyncDisposable & { readonly output: () => string }> {
  const child = start(program, args)
  const output = collect(child)
  const ended = once(child, 'close')
  const dispose = async (): Promise<void> => {
    signalGroup(child, 'SIGTERM')
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 2000)
    await ended
    clearTimeout(timer)
    // Whatever of the group outlived its leader.
    signalGroup(child, 'SIGKILL')
  }
  try {
    await eventually(`${program} listens at ${at}`, async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended: ${output()}`)
      return (await answers(at)) || undefined
    })
  } catch (error) {
    await dispose()
    throw new Error(`${program}: ${output()}`, { cause: error })
  }
  return { output, [Symbol.asyncDispose]: dispose }
}

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(findProgram(program) ?? program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
}

function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text = `${text}${chunk.toString('latin1')}`.slice(-65_536)
    })
  return () => text
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // All of it is gone.
  }
}

async function answers(at: number | string): Promise<boolean> {
  const socket = typeof at === 'string' ? connect({ path: at }) : connect({ host: HOST, port: at })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  const there = await promise
  socket.destroy()
  return there
}
