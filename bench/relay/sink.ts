// SPDX-License-Identifier: Apache-2.0
/** Postfix's smtp-sink as the next hop: takes everything, and says how many messages it has taken. */
import { spawn } from 'node:child_process'
import { freePort } from '../../test/peers/free-port.ts'
import { findProgram, wait } from './programs.ts'

export interface Sink extends AsyncDisposable {
  readonly port: number
  /** Messages taken so far. */
  taken(): number
  /** Resolves when so many have been taken; `false`: not in time. */
  reached(count: number, timeoutMs: number): Promise<boolean>
}

const MAX_SESSIONS = '2000'
const BACKLOG = '2000'

export async function startSink(): Promise<Sink> {
  const port = await freePort()
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const program = findProgram('smtp-sink') ?? 'smtp-sink'
  const child = spawn(program, [...user, '-c', '-m', MAX_SESSIONS, `127.0.0.1:${port}`, BACKLOG], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let taken = 0
  let rest = ''
  child.stdout.on('data', (bytes: Buffer) => {
    // It writes `sess=1 quit=0 mesg=12` again and again, with a carriage return between.
    rest = (rest + bytes.toString('latin1')).slice(-200)
    taken = Number([...rest.matchAll(/mesg=(\d+)\s/g)].at(-1)?.[1] ?? taken)
  })
  await wait(300)
  return {
    port,
    taken: () => taken,
    async reached(count, timeoutMs) {
      const until = performance.now() + timeoutMs
      while (taken < count) {
        if (performance.now() > until) return false
        await wait(5)
      }
      return true
    },
    async [Symbol.asyncDispose]() {
      child.kill()
    },
  }
}
