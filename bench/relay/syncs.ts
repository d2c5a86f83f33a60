// SPDX-License-Identifier: Apache-2.0
/** How often a peer asks the disk to sync for one message, counted by strace; which slows it down, so nothing else is. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Peer } from './peer.ts'
import { findProgram, wait } from './programs.ts'
import { startServer } from './server.ts'
import { send } from './source.ts'

const CALLS = 'fsync,fdatasync,syncfs,sync,msync,sync_file_range'

export const straceMissing = (): string | undefined =>
  findProgram('strace') === undefined ? 'strace is not installed' : undefined

/** @returns syncs a message, with so many sessions that a shared one can be shared */
export async function countSyncs(
  peer: Peer,
  base: string,
  load: { readonly messages: number; readonly sessions: number },
): Promise<number> {
  const folder = join(base, `${peer.name}-strace-${load.sessions}`)
  await mkdir(folder)
  // A file for each process: a line is never cut by another's.
  const before = ['strace', '-ff', '-qq', '-o', join(folder, 'calls'), '-e', `trace=${CALLS}`]
  await using server = await startServer(peer, { base, before })
  const count = async (): Promise<number> => {
    let calls = 0
    for (const name of await readdir(folder))
      calls += (await readFile(join(folder, name), 'latin1'))
        .split('\n')
        .filter((line) => /^[a-z_]+\(/.test(line)).length
    return calls
  }
  const shape = { octets: 4096, sessions: load.sessions, reuse: true }
  await send(server.port, { ...shape, messages: load.sessions })
  await server.sink.reached(load.sessions, 60_000)
  await wait(1000)
  const earlier = await count()
  const taken = server.sink.taken()
  await send(server.port, { ...shape, messages: load.messages })
  await server.sink.reached(taken + load.messages, 120_000)
  await wait(1000)
  return ((await count()) - earlier) / load.messages
}
