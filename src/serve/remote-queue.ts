// SPDX-License-Identifier: Apache-2.0
/** The queue of a worker, as the control protocol sees it. */
import { ControlError } from '../control/protocol.ts'
import type { QueueHandlers, QueueMethod } from '../control/queue-handlers.ts'
import type { Link } from '../dispatcher/link.ts'
import type { ToWorker } from './calls.ts'

export function remoteQueue(link: Link<ToWorker>): QueueHandlers {
  const at = <M extends QueueMethod>(method: M): QueueHandlers[M] =>
    // The worker answers a method with what the handler of that name gives.
    (async (params: unknown) => {
      const answer = await link.call('control', { method, params })
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
