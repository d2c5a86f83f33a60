// SPDX-License-Identifier: Apache-2.0
/** One shard of the queue in this process: its store, what is in hand of it, and who delivers it (design 2.5). */
import { mkdir } from 'node:fs/promises'
import { type SpoolPaths, shardPaths } from '../config/spool-paths.ts'
import { type InHand, type InHandOptions, openInHand } from '../queue/in-hand.ts'
import { openLogStore } from '../queue/log/log-store.ts'
import { QueueRunner, type RunnerDeps } from '../queue/runner.ts'
import type { QueueStore } from '../queue/store.ts'

export interface Shard extends AsyncDisposable {
  readonly number: number
  readonly store: QueueStore
  readonly inHand: InHand
  readonly runner: QueueRunner
}

export interface ShardDeps {
  readonly paths: SpoolPaths
  readonly run: InHandOptions['run']
  readonly runner: Omit<RunnerDeps, 'store' | 'inHand'>
}

/** Takes the shard over, from whatever its last owner left. Delivers nothing before `runner.start()`. @throws QueueInUse */
export async function openShard(number: number, { paths, run, runner }: ShardDeps): Promise<Shard> {
  const { log, clock } = runner
  const { store: folder, inHand: inHandPath } = shardPaths(paths, number)
  await mkdir(paths.queue, { recursive: true, mode: 0o700 })
  await using parts = new AsyncDisposableStack()
  const store = parts.use(await openLogStore(folder, { log }))
  // After the store, which has one owner: a second process must not take the first one's work for a crash.
  const inHand = parts.use(openInHand({ path: inHandPath, run, now: clock.now, log }))
  const kept = parts.move()
  return {
    number,
    store,
    inHand,
    runner: new QueueRunner({ ...runner, store, inHand }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
