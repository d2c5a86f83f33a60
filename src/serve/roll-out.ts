// SPDX-License-Identifier: Apache-2.0
/** A new revision for all workers or for none (design 2.3): all make it ready, then all change; one failure changes nothing. */
import { LinkClosed } from '../dispatcher/link.ts'
import type { Worker } from './calls.ts'

/**
 * @param folder of the saved revision
 * @param commit called once all are ready, before the first one changes: who starts from now on starts with it
 * @throws Error, the first that a worker gave
 */
export async function rollOut(workers: readonly Worker[], folder: string, commit = (): void => {}): Promise<void> {
  const ready: Worker[] = []
  const asked = await Promise.allSettled(
    workers.map(async (worker) => {
      await worker.link.call('prepare', { folder })
      ready.push(worker)
    }),
  )
  for (const one of asked) {
    // One that died meanwhile is no objection: its successor starts with whatever counts then.
    if (one.status === 'rejected' && !(one.reason instanceof LinkClosed)) throw one.reason
  }
  commit()
  await Promise.allSettled(ready.map((worker) => worker.link.call('use', { folder })))
}
