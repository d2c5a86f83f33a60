// SPDX-License-Identifier: Apache-2.0
/**
 * One server for a spool. Shards have locks of their own, but those of a dead dispatcher's workers are waited for, and
 * revisions, control and history are not for two servers either.
 */
import { mkdir } from 'node:fs/promises'
import { lockDirectory, QueueInUse } from '../queue/directory-lock.ts'

/** @throws QueueInUse when another server runs on it */
export async function lockSpool(spool: string): Promise<AsyncDisposable> {
  await mkdir(spool, { recursive: true, mode: 0o700 })
  try {
    return await lockDirectory(spool)
  } catch (cause) {
    if (!(cause instanceof QueueInUse)) throw cause
    throw new QueueInUse(`another server runs on the spool ${spool}`, { cause })
  }
}
