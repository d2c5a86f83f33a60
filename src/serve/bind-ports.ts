// SPDX-License-Identifier: Apache-2.0
/**
 * The ports, at once or as soon as the workers of a dispatcher that died have let them go: whoever starts a server
 * again is not to know of them (design 2.4). A port that anybody else has is an error after one more try.
 */
import type { Clock } from '../clock/clock.ts'
import type { Config, ListenerConfig } from '../config/schema.ts'
import { existingShards, shardPaths, spoolPaths } from '../config/spool-paths.ts'
import { Ports } from '../dispatcher/ports.ts'
import type { Log } from '../monitor/log.ts'
import { isLocked } from '../queue/directory-lock.ts'
import { SHARD_PATIENCE_MS } from './orphans.ts'

const ASK_AGAIN_MS = 50

/** By the name of the listener. */
type Addresses = Readonly<Record<string, Pick<ListenerConfig, 'address' | 'port'>>>

/** @throws Error with its code when a port cannot be had */
export async function bindPorts(
  { listeners, server }: { readonly listeners: Addresses; readonly server: Pick<Config['server'], 'spool'> },
  clock: Clock,
  log: Log,
): Promise<Ports> {
  const until = clock.monotonic() + SHARD_PATIENCE_MS
  let orphans = true
  for (let waited = false; ; waited = true) {
    try {
      return new Ports(listeners)
    } catch (error) {
      const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!inUse || clock.monotonic() >= until || !orphans) throw error
    }
    // The last of them may have gone since the port was tried: once more, after it was seen that there is none.
    orphans = await hasOrphans(server.spool)
    if (orphans && !waited) log.warn('worker.ports-in-use', { patienceMs: SHARD_PATIENCE_MS })
    await new Promise<void>((resolve) => clock.after(ASK_AGAIN_MS, resolve))
  }
}

/** Somebody has shards of the spool, and no server has the spool. */
async function hasOrphans(spool: string): Promise<boolean> {
  if (await isLocked(spool)) return false
  const paths = spoolPaths(spool)
  for (const shard of await existingShards(paths)) if (await isLocked(shardPaths(paths, shard).store)) return true
  return false
}
