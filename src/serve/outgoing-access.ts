// SPDX-License-Identifier: Apache-2.0
/** IP_ACCESS and DEQUEUE_ACCESS of the revision of now, asked by channels and the queue; what they decide is told. */
import { drive, type Host } from '../ask/ask.ts'
import type { ChannelDeps } from '../channels/deps.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { Log } from '../monitor/log.ts'
import { hasTable, rowPlace } from '../policy/access/ask-table.ts'
import {
  type ConnectionAttempt,
  dequeueAccess,
  type IpVerdict,
  ipAccess,
  type PutOff,
} from '../policy/access/outgoing.ts'
import type { TraceSink } from '../policy/trace.ts'
import type { RunnerDeps } from '../queue/runner-parts.ts'

export function outgoingAccess({
  revision,
  host,
  clock,
  log,
  traces,
}: {
  readonly revision: () => Revision
  readonly host: Host
  readonly clock: Clock
  readonly log: Log
  readonly traces: TraceSink
}): {
  readonly ipAccess: NonNullable<ChannelDeps['ipAccess']>
  readonly dequeueAccess: NonNullable<RunnerDeps['dequeueAccess']>
} {
  return {
    ipAccess: (attempt) => (hasTable(revision(), 'IP_ACCESS') ? askIpAccess(revision(), attempt) : undefined),
    dequeueAccess: (asked) =>
      hasTable(revision(), 'DEQUEUE_ACCESS') ? askDequeueAccess(revision(), asked) : undefined,
  }

  async function askIpAccess(now: Revision, attempt: ConnectionAttempt): Promise<IpVerdict | undefined> {
    const verdict = await drive(ipAccess(now, attempt), host)
    if (verdict === undefined || (verdict.do === 'connect' && verdict.address === undefined)) return verdict
    const { by, table: _, ...said } = verdict
    log.info('access.ip', { ...attempt, ...said, by: rowPlace(by) })
    return verdict
  }

  async function askDequeueAccess(
    now: Revision,
    { recipients, ...dequeueing }: Parameters<NonNullable<RunnerDeps['dequeueAccess']>>[0],
  ): Promise<PutOff | undefined> {
    const put = await drive(dequeueAccess(now, dequeueing), host)
    if (put === undefined) return undefined
    const { channel, envelope } = dequeueing
    const { id } = envelope
    const { by, why, againInMs } = put
    log.info('access.dequeue', { id, channel, by: rowPlace(by), againInMs })
    const at = clock.now()
    const detail = why === '' ? 'put off by DEQUEUE_ACCESS' : `put off by DEQUEUE_ACCESS: ${why}`
    const told = recipients.map(({ address }) => ({ address, result: 'deferred', detail, nextAt: at + againInMs }))
    traces.append({
      record: 'delivery',
      version: 1,
      id,
      at,
      revision: now.id,
      channel,
      recipients: told.slice(0, MAX_TOLD),
      by,
      durationMs: 0,
    })
    return put
  }
}

/** Recipients named in one record. */
const MAX_TOLD = 50
