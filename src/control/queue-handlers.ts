// SPDX-License-Identifier: Apache-2.0
/**
 * What the control protocol answers about queues: of one store, and of several as one. The shards of a process and
 * the workers of a machine are put together by the same few rules.
 */
import type { Revision } from '../config/revision.ts'
import { listQueue, queueOperations, shapeQueue, showMessage } from '../queue/operations.ts'
import type { QueueRunner } from '../queue/runner.ts'
import type { QueueStore } from '../queue/store.ts'
import { ControlError, type Handlers, type Method, type ResultOf } from './protocol.ts'

export type QueueMethod = Extract<Method, `queue.${string}`>
export type QueueHandlers = Pick<Handlers, QueueMethod>

export function queueHandlers(deps: {
  readonly store: QueueStore
  readonly runner: QueueRunner
  readonly revision: () => Revision
  readonly now: () => number
}): QueueHandlers {
  const { store, runner } = deps
  const operations = queueOperations(store, runner, deps.now)
  return {
    'queue.list': async ({ selection, limit }) => listQueue(store, selection ?? { all: true }, limit),
    'queue.shape': async () => shapeQueue(store),
    async 'queue.show'({ id, content }) {
      const shown = await showMessage(store, id, content)
      if (shown === undefined) throw new ControlError('not-found', `${id} is not in the queue`)
      return shown
    },
    'queue.retry': ({ selection }) => operations.retry(selection),
    'queue.hold': ({ selection, reason }) => operations.hold(selection, reason),
    'queue.release': ({ selection }) => operations.release(selection),
    'queue.bounce': ({ selection, reason }) => operations.bounce(selection, reason),
    'queue.delete': ({ selection, reason }) => operations.delete(selection, reason),
    async 'queue.reroute'({ selection, channel, via }) {
      if (deps.revision().config.channels[channel] === undefined)
        throw new ControlError('bad-request', `there is no channel ${channel}`)
      return await operations.reroute(selection, channel, via)
    },
  }
}

/** Several queues as one. When one of them fails, the whole answer does: half of it would look like all. */
export function oneQueue(all: () => readonly QueueHandlers[]): QueueHandlers {
  const each = <R>(askOne: (queue: QueueHandlers) => Promise<R>): Promise<readonly R[]> =>
    Promise.all(all().map(askOne))
  return {
    'queue.list': async (params, signal) =>
      listOf(await each((queue) => queue['queue.list'](params, signal)), params.limit),
    'queue.shape': async (params, signal) => shapeOf(await each((queue) => queue['queue.shape'](params, signal))),
    'queue.show': async (params, signal) =>
      firstFound(await Promise.allSettled(all().map((queue) => queue['queue.show'](params, signal)))),
    'queue.retry': async (params, signal) => sumOf(await each((queue) => queue['queue.retry'](params, signal))),
    'queue.hold': async (params, signal) => sumOf(await each((queue) => queue['queue.hold'](params, signal))),
    'queue.release': async (params, signal) => sumOf(await each((queue) => queue['queue.release'](params, signal))),
    'queue.bounce': async (params, signal) => sumOf(await each((queue) => queue['queue.bounce'](params, signal))),
    'queue.delete': async (params, signal) => sumOf(await each((queue) => queue['queue.delete'](params, signal))),
    'queue.reroute': async (params, signal) => sumOf(await each((queue) => queue['queue.reroute'](params, signal))),
  }
}

interface Count {
  readonly recipients: number
}

const sumOf = (results: readonly Count[]): Count => ({
  recipients: results.reduce((sum, { recipients }) => sum + recipients, 0),
})

/** Oldest first, as each gives them. */
function listOf(results: readonly ResultOf['queue.list'][], limit: number): ResultOf['queue.list'] {
  const rows = results
    .flatMap((result) => result.rows)
    .sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  return { rows: rows.slice(0, limit), more: rows.length > limit || results.some(({ more }) => more) }
}

type Group = ResultOf['queue.shape']['groups'][number]

/** Groups of one reason and destination become one, largest first. */
function shapeOf(results: readonly ResultOf['queue.shape'][]): ResultOf['queue.shape'] {
  const groups = new Map<string, Group>()
  for (const group of results.flatMap((result) => result.groups)) {
    const key = JSON.stringify([group.channel, group.domain, group.state, group.reason])
    const before = groups.get(key)
    groups.set(key, before === undefined ? group : joined(before, group))
  }
  return { groups: [...groups.values()].sort((a, b) => b.recipients - a.recipients) }
}

function joined(a: Group, b: Group): Group {
  const nextAt = Math.min(a.nextAt ?? Number.POSITIVE_INFINITY, b.nextAt ?? Number.POSITIVE_INFINITY)
  return {
    ...a,
    recipients: a.recipients + b.recipients,
    oldestAt: Math.min(a.oldestAt, b.oldestAt),
    ...(Number.isFinite(nextAt) ? { nextAt } : {}),
  }
}

/** The one that has it. "Not found" is only true when all say so. */
function firstFound<R>(settled: readonly PromiseSettledResult<R>[]): R {
  const found = settled.find((one) => one.status === 'fulfilled')
  if (found !== undefined) return found.value
  const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  const notFound = (reason: unknown): boolean => reason instanceof ControlError && reason.code === 'not-found'
  throw reasons.find((reason) => !notFound(reason)) ?? reasons[0] ?? new ControlError('not-found', 'there is no queue')
}
