// SPDX-License-Identifier: Apache-2.0
/** The queue of a worker, and of none, as the control protocol sees it. */
import { ControlError } from '../control/protocol.ts'
import type { QueueHandlers, QueueMethod } from '../control/queue-handlers.ts'
import { type Link, LinkClosed } from '../dispatcher/link.ts'
import type { ToWorker } from './calls.ts'

export function remoteQueue(link: Link<ToWorker>): QueueHandlers {
  const at = <M extends QueueMethod>(method: M): QueueHandlers[M] =>
    // The worker answers a method with what the handler of that name gives.
    (async (params: unknown) => {
      const answer = await link.call('control', { method, params }).catch((cause: unknown) => {
        if (!(cause instanceof LinkClosed)) throw cause
        throw new ControlError('unavailable', 'a worker ended before it had answered; ask again in a few seconds')
      })
      if (answer.ok) return answer.result
      throw new ControlError(answer.code, answer.message, answer.detail)
    }) as QueueHandlers[M]
  return {
    'queue.list': at('queue.list'),
    'queue.shape': at('queue.shape'),
    'queue.show': at('queue.show'),
    'queue.retry': at('queue.retry'),
    'queue.hold': at('queue.hold'),
    'queue.release': at('queue.release'),
    'queue.bounce': at('queue.bounce'),
    'queue.delete': at('queue.delete'),
    'queue.reroute': at('queue.reroute'),
  }
}

/** Stands for shards that no worker serves at the moment: half of a queue must not look like all of it. */
export function absentQueue(shards: readonly number[]): QueueHandlers {
  const at = async (): Promise<never> => {
    const part = shards.length === 1 ? `shard ${shards[0]} has` : `shards ${shards.join(', ')} have`
    throw new ControlError('unavailable', `${part} no worker at the moment; ask again in a few seconds`)
  }
  return {
    'queue.list': at,
    'queue.shape': at,
    'queue.show': at,
    'queue.retry': at,
    'queue.hold': at,
    'queue.release': at,
    'queue.bounce': at,
    'queue.delete': at,
    'queue.reroute': at,
  }
}
