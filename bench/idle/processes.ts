// SPDX-License-Identifier: Apache-2.0
/** The processes this benchmark starts beside the server. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { HolderReport } from './holder.ts'

const start = (file: string, ...args: readonly string[]): ChildProcess =>
  fork(join(import.meta.dirname, file), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })

export interface Held extends AsyncDisposable {
  readonly greeted: number
  readonly refused: number
  /** How many are open still. */
  open(): Promise<number>
}

export async function holdConnections(port: number, count: number): Promise<Held> {
  const child = start('holder.ts', String(port), String(count))
  const next = async (): Promise<HolderReport> => (await once(child, 'message'))[0] as HolderReport
  const first = await next()
  if (first.kind !== 'greeted') throw new Error('the holder spoke out of turn')
  return {
    greeted: first.greeted,
    refused: first.refused,
    async open() {
      child.send('how many?')
      const report = await next()
      return report.kind === 'open' ? report.open : 0
    },
    [Symbol.asyncDispose]: () => end(child),
  }
}

export interface BareServer extends AsyncDisposable {
  readonly pid: number
  readonly port: number
}

export async function startBareServer(): Promise<BareServer> {
  const child = start('bare-server.ts')
  const [port] = await once(child, 'message')
  return { pid: child.pid ?? 0, port: Number(port), [Symbol.asyncDispose]: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}
