// SPDX-License-Identifier: Apache-2.0
/**
 * A worker as a process: started with the link on descriptor 3 and the ports behind it, never with a shell. Its log
 * goes where ours goes.
 */
import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type CallsOf, createLink, type HandlersOf, type Link } from './link.ts'
import type { Process } from './supervisor.ts'

/** Descriptor of the link, and of the first port; the others follow in their order. */
export const LINK_FD = 3
export const FIRST_PORT_FD = 4

export interface WorkerProcess<Theirs extends CallsOf<Theirs>> extends Process {
  readonly link: Link<Theirs>
}

/** What every worker answers besides its own calls. */
export interface Pingable {
  readonly ping: { readonly params: null; readonly result: null }
}

/** @throws Error when the system has no room for one more */
export function startProcess<Mine extends CallsOf<Mine>, Theirs extends CallsOf<Theirs> & Pingable>(options: {
  /** Path of the program. */
  readonly program: string
  readonly args: readonly string[]
  /** Options of the runtime, besides those that this process was started with. */
  readonly runtime?: readonly string[]
  /** Descriptors of the ports. */
  readonly ports: readonly number[]
  readonly handlers: HandlersOf<Mine>
  readonly failed: (error: unknown) => void
}): WorkerProcess<Theirs> {
  const { program, args, runtime = [], ports, handlers, failed } = options
  const child = spawn(process.execPath, [...process.execArgv, ...runtime, program, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...ports],
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    // Not at its exit: what it said last is still to be heard, and must not be heard when it counts as gone.
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  // Without free descriptors there are no pipes either.
  if (child.pid === undefined) throw new Error('no process could be started')
  // Node makes a descriptor asked for as a pipe a socket pair, open both ways.
  const link = createLink<Mine, Theirs>(child.stdio[LINK_FD] as unknown as Duplex, handlers, failed)
  return {
    pid: child.pid,
    ended,
    link,
    ping: () => link.call('ping', null),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** The worker's end. */
export const linkToDispatcher = <Mine extends CallsOf<Mine>, Theirs extends CallsOf<Theirs>>(
  handlers: HandlersOf<Mine>,
  failed: (error: unknown) => void,
): Link<Theirs> => createLink<Mine, Theirs>(new Socket({ fd: LINK_FD }), handlers, failed)
