// SPDX-License-Identifier: Apache-2.0
/**
 * Where mail goes that the MTA makes itself, or finds on channel `l` at delivery time: routing and alias expansion as
 * at RCPT TO, without a client and so without a guard. Pure.
 */
import type { MailAddress } from '../address/address.ts'
import type { Asking } from '../ask/ask.ts'
import type { Revision } from '../config/revision.ts'
import type { Recipient } from '../envelope/envelope.ts'
import { describeReply, isTransient, statusOf } from '../smtp/reply.ts'
import { expandAliases } from './aliases.ts'
import { routeOf } from './route.ts'
import type { Step } from './trace.ts'

export interface Placement {
  readonly recipients: readonly Omit<Recipient, 'index' | 'parent'>[]
  readonly steps: readonly Step[]
  /** Set when the address leads nowhere; `recipients` is empty then. */
  readonly problem?: { readonly status: string; readonly reason: string; readonly temporary: boolean }
}

export function* placeOwnMail(revision: Revision, address: MailAddress): Asking<Placement> {
  const routing = yield* routeOf(revision, address)
  const at = { at: 'delivery', ms: 0, recipients: [address] } as const
  const step: Step = {
    ...at,
    stage: 'routing',
    result: routing.kind === 'routed' ? 'pass' : 'defer',
    by: routing.by,
    ...(routing.kind === 'routed'
      ? { note: `${routing.route.domain} → ${routing.route.channel}` }
      : { note: routing.cause }),
  }
  if (routing.kind === 'defer')
    return { recipients: [], steps: [step], problem: { status: '4.4.3', reason: routing.cause, temporary: true } }
  const { route } = routing
  if (!route.local) {
    const via = route.via === undefined ? {} : { via: route.via }
    return { recipients: [{ address, given: address, channel: route.channel, ...via }], steps: [step] }
  }
  const expansion = yield* expandAliases({ address, given: address, route, revision, accepted: [] })
  const aliasStep: Step = {
    ...at,
    stage: 'aliases',
    result: expansion.problem === undefined ? 'change' : isTransient(expansion.problem) ? 'defer' : 'refuse',
    by: expansion.by,
    ...(expansion.note === undefined ? {} : { note: expansion.note }),
    ...(expansion.problem === undefined ? {} : { reply: describeReply(expansion.problem) }),
  }
  const steps = [step, aliasStep]
  if (expansion.problem === undefined) return { recipients: expansion.becomes, steps }
  const { problem } = expansion
  const reason = problem.lines.join(' ')
  return {
    recipients: [],
    steps,
    problem: { status: statusOf(problem) ?? '5.0.0', reason, temporary: isTransient(problem) },
  }
}
