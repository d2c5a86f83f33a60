// SPDX-License-Identifier: Apache-2.0
/**
 * One answer of the control protocol from those of several workers, each about its own shards. Pure.
 */
import { ControlError, type Method, type ResultOf } from '../control/protocol.ts'

/** What a worker made of a request. */
export type Answered<M extends Method> =
  | { readonly ok: true; readonly result: ResultOf[M] }
  | {
      readonly ok: false
      readonly code: ControlError['code']
      readonly message: string
      readonly detail?: string | undefined
    }

/** Methods that count the recipients they touched. */
export type Counting =
  | 'queue.retry'
  | 'queue.hold'
  | 'queue.release'
  | 'queue.bounce'
  | 'queue.delete'
  | 'queue.reroute'

/** The results, when every worker had one. @throws ControlError, the first that a worker gave */
export function allOf<M extends Method>(answers: readonly Answered<M>[]): readonly ResultOf[M][] {
  return answers.map((answer) => {
    if (answer.ok) return answer.result
    throw new ControlError(answer.code, answer.message, answer.detail)
  })
}

/** The one that has what was asked for. @throws ControlError when none has, or one failed otherwise */
export function oneOf<M extends Method>(answers: readonly Answered<M>[]): ResultOf[M] {
  const found = answers.find((answer) => answer.ok)
  if (found?.ok === true) return found.result
  const worst = answers.find((answer) => !answer.ok && answer.code !== 'not-found') ?? answers[0]
  if (worst === undefined || worst.ok) throw new ControlError('not-found', 'no worker is serving')
  throw new ControlError(worst.code, worst.message, worst.detail)
}

export const sumOf = (results: readonly ResultOf[Counting][]): ResultOf[Counting] => ({
  recipients: results.reduce((sum, { recipients }) => sum + recipients, 0),
})

/** Oldest first, as each worker gives them. */
export function listOf(results: readonly ResultOf['queue.list'][], limit: number): ResultOf['queue.list'] {
  const rows = results
    .flatMap((result) => result.rows)
    .sort((a, b) => a.receivedAt - b.receivedAt || compare(a.id, b.id))
  return { rows: rows.slice(0, limit), more: rows.length > limit || results.some(({ more }) => more) }
}

type Group = ResultOf['queue.shape']['groups'][number]

/** Groups of one reason and destination become one, largest first. */
export function shapeOf(results: readonly ResultOf['queue.shape'][]): ResultOf['queue.shape'] {
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

/** Checks of one name are fine when all workers' are; what is wrong says whose it is. */
export function checksOf(
  results: readonly { readonly worker: number; readonly result: ResultOf['doctor'] }[],
): ResultOf['doctor'] {
  const names = new Set(results.flatMap(({ result }) => result.checks.map(({ name }) => name)))
  const checks = [...names].map((name) => {
    const of = results.flatMap(({ worker, result }) =>
      result.checks.filter((check) => check.name === name).map((check) => ({ worker, ...check })),
    )
    const told = of.filter(({ fine }) => !fine)
    const detail = (told.length > 0 ? told : of).map((check) => `worker ${check.worker}: ${check.detail}`).join('; ')
    return { name, fine: told.length === 0, detail }
  })
  return { checks }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
