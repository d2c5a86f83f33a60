// SPDX-License-Identifier: Apache-2.0
/** Postfix's smtp-source: as many sessions as said, each as fast as it is answered. */
import { spawn } from 'node:child_process'
import { findProgram } from './programs.ts'

export interface Load {
  readonly messages: number
  readonly octets: number
  readonly sessions: number
  /** Many messages over each connection; else one. */
  readonly reuse: boolean
}

/** Resolves when the last message has its 250; `false` when something was refused. */
export function send(port: number, { messages, octets, sessions, reuse }: Load): Promise<boolean> {
  const options = ['-s', sessions, '-l', octets, '-m', messages].map(String)
  const names = ['-M', 'client.example', '-f', 'sender@client.example', '-t', 'rcpt@example.org']
  const child = spawn(
    findProgram('smtp-source') ?? 'smtp-source',
    [...(reuse ? ['-d'] : []), ...options, ...names, `127.0.0.1:${port}`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  })
}
