// SPDX-License-Identifier: Apache-2.0
/** What lies where in the spool folder: one place for the server and for the tools that look in. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

export interface SpoolPaths {
  /** The shards of the queue, each in a folder named by its number. */
  readonly queue: string
  readonly history: string
  readonly directory: string
  /** What processes found in LDAP, for while it is away. */
  readonly ldap: string
  /** Copies of configurations, for workers to load. */
  readonly revisions: string
  /** Counts of throttles and greylists. */
  readonly counters: string
}

/** One shard of the queue: what has one owner at a time (design 2.5). */
export interface ShardPaths {
  readonly store: string
  /** What is being worked on, for the next start after a crash (queue/in-hand.ts). */
  readonly inHand: string
}

export const spoolPaths = (spool: string): SpoolPaths => ({
  queue: join(spool, 'queue'),
  history: join(spool, 'history'),
  directory: join(spool, 'directory.sqlite'),
  ldap: join(spool, 'ldap'),
  revisions: join(spool, 'revisions'),
  counters: join(spool, 'counters'),
})

export const shardPaths = ({ queue }: Pick<SpoolPaths, 'queue'>, shard: number): ShardPaths => ({
  store: join(queue, String(shard)),
  inHand: join(queue, `${shard}.in-hand`),
})

/** The numbers of the shards there are, in order. */
export async function existingShards({ queue }: Pick<SpoolPaths, 'queue'>): Promise<readonly number[]> {
  const names = await readdir(queue).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => /^(?:0|[1-9]\d{0,5})$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}
