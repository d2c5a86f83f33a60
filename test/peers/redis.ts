// SPDX-License-Identifier: Apache-2.0
/** A Redis of a test's own: on a free port of 127.0.0.1, nothing kept on disk, ended with the test. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { findProgram, missing } from './install.ts'

export interface RedisServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

/** For the `skip` option of tests that need a server and the library to talk to it. */
export async function redisMissing(): Promise<string | false> {
  const library: string = '@redis/client'
  const there = await import(library).then(
    () => true,
    () => false,
  )
  return there ? missing('redis-server') : `not installed: ${library}`
}

/** @param password asked of whoever connects */
export async function startRedis({ port, password }: { port?: number; password?: string } = {}): Promise<RedisServer> {
  const program = findProgram('redis-server')
  if (program === undefined) throw new Error('redis-server is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'postern-redis-'))
  const chosen = port ?? (await freePort())
  const args = ['--port', String(chosen), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  if (password !== undefined) args.push('--requirepass', password)
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  const said = Promise.withResolvers<void>()
  let text = ''
  server.stdout.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-10_000)
    if (text.includes('Ready to accept connections')) said.resolve()
  })
  ended.then(
    () => said.reject(new Error(`redis-server ended: ${text}`)),
    () => {},
  )
  const kill = async (): Promise<void> => {
    server.kill('SIGKILL')
    await ended
  }
  try {
    await said.promise
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const account = password === undefined ? '' : `:${password}@`
  return {
    port: chosen,
    url: `redis://${account}127.0.0.1:${chosen}`,
    kill,
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
