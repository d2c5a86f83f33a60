// SPDX-License-Identifier: Apache-2.0
/** Postfix's smtp-sink as the next hop: takes everything, and says how many messages it has taken. */
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
/** Enough for the last few counts. */
const END_BYTES = 200
const LOOK_EVERY_MS = 10

export async function startSink(): Promise<Sink> {
  const port = await freePort()
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const program = findProgram('smtp-sink') ?? 'smtp-sink'
  // It writes `sess=1 quit=0 mesg=12` for each message, with a carriage return between. A reader at the other end of a
  // pipe would wake for each of them, on the processor that whoever is measured needs: the end of a file is looked at.
  const folder = await mkdtemp(join(tmpdir(), 'postern-sink-'))
  const counts = openSync(join(folder, 'counts'), 'w+')
  const child = spawn(program, [...user, '-c', '-m', MAX_SESSIONS, `127.0.0.1:${port}`, BACKLOG], {
    stdio: ['ignore', counts, 'inherit'],
  })
  let taken = 0
  const end = Buffer.alloc(END_BYTES)
  const look = (): number => {
    const length = readSync(counts, end, 0, END_BYTES, Math.max(0, fstatSync(counts).size - END_BYTES))
    taken = Number([...end.toString('latin1', 0, length).matchAll(/mesg=(\d+)\s/g)].at(-1)?.[1] ?? taken)
    return taken
  }
  await wait(300)
  return {
    port,
    taken: look,
    async reached(count, timeoutMs) {
      const until = performance.now() + timeoutMs
      while (look() < count) {
        if (performance.now() > until) return false
        await wait(LOOK_EVERY_MS)
      }
      return true
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      closeSync(counts)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
