// SPDX-License-Identifier: Apache-2.0
/** One shard of the queue in this process: its store, what is in hand of it, and who delivers it (design 2.5). */
import { mkdir } from 'node:fs/promises'
import type { Clock } from '../clock/clock.ts'
import { type SpoolPaths, shardPaths } from '../config/spool-paths.ts'
import type { Log } from '../monitor/log.ts'
import { QueueInUse } from '../queue/directory-lock.ts'
import { type InHand, type InHandOptions, openInHand } from '../queue/in-hand.ts'
import { type LogStore, openLogStore } from '../queue/log/log-store.ts'
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
  /** How long to wait for one who has it: a worker of a dispatcher that died finishes what it does. */
  readonly patienceMs: number
}

const ASK_AGAIN_MS = 50

/** Takes the shard over, from whatever its last owner left. Delivers nothing before `runner.start()`. @throws QueueInUse */
export async function openShard(number: number, { paths, run, runner, patienceMs }: ShardDeps): Promise<Shard> {
  const { log, clock } = runner
  const { store: folder, inHand: inHandPath } = shardPaths(paths, number)
  await mkdir(paths.queue, { recursive: true, mode: 0o700 })
  await using parts = new AsyncDisposableStack()
  const open = (): Promise<LogStore> => openLogStore(folder, { log })
  const store = parts.use(await whenFree(number, open, runner, patienceMs))
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

async function whenFree<T>(
  shard: number,
  open: () => Promise<T>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  patienceMs: number,
): Promise<T> {
  const until = clock.monotonic() + patienceMs
  for (let waited = false; ; waited = true) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof QueueInUse) || clock.monotonic() >= until) throw error
    }
    if (!waited) log.warn('queue.shard-in-use', { shard, patienceMs })
    await new Promise<void>((resolve) => clock.after(ASK_AGAIN_MS, resolve))
  }
}
