// SPDX-License-Identifier: Apache-2.0
/**
 * The filters of a recipient that came into being behind the content stages: a user of ours whom a filter redirects to, or
 * who is behind an address expanded at delivery. Personal scripts run when the resulting address is enqueued to a channel
 * that delivers (spec filters.md 1), and the destination channel's with them; those of the source channel and the MTA have
 * had their say about this message. Pure: content is what this recipient would get.
 */
import { type Asking, ask } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Revision } from '../../config/revision.ts'
import type { Envelope, Recipient } from '../../envelope/envelope.ts'
import type { Step } from '../trace.ts'
import { filterDecided, scriptFailed } from './decided-by.ts'
import { decidedRecipient, saysTags } from './decided-recipient.ts'
import { beginFilters, type FilterContext, runSiteLevels, runUserLevels } from './filter-message.ts'
import { filtersShown } from './filter-trace.ts'
import type { Walk } from './walk.ts'

export interface LateFilters {
  /** The recipient with what was decided; absent: its copy is delivered as it is. */
  readonly decided?: Recipient
  /** Nobody can say today. */
  readonly defer?: string
  readonly steps: readonly Step[]
}

const NONE: DecidedBy = { by: 'built-in', rule: 'filters' }

/** @param size octets of what the recipient would get */
export function* filterLate(
  revision: Revision,
  { id, reversePath, source, origin, ret, envid, asked }: Envelope,
  recipient: Recipient,
  size: number,
): Asking<LateFilters> {
  const { client, helo, login } = origin
  const { novacation, tags, spamadjust } = asked ?? {}
  // What tables asked to be done to the message has been done.
  const left = {
    ...(novacation === undefined ? {} : { novacation }),
    ...(tags === undefined ? {} : { tags }),
    ...(spamadjust === undefined ? {} : { spamadjust }),
  }
  const context: FilterContext = {
    id,
    revision,
    reversePath,
    source,
    recipients: [recipient],
    receivedAt: yield* ask({ ask: 'now' }),
    content: { size },
    carried: { asked: left, fields: [], delayMs: 0, debug: 0 },
    ...(client === undefined ? {} : { client }),
    ...(helo === undefined ? {} : { helo }),
    ...(login === undefined ? {} : { account: { login, addresses: [] } }),
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
  }
  const begun = yield* beginFilters(context, [])
  if (begun.kind === 'defer') return { defer: begun.cause, steps: [] }
  const { filtering } = begun.kind === 'nothing' ? { filtering: undefined } : begun
  const [walk] = filtering?.walks ?? []
  if (filtering === undefined || walk === undefined) return { steps: [] }
  yield* runUserLevels(filtering, revision.config.filters.literalFinish)
  yield* runSiteLevels(filtering, context, ['destination channel'])
  const { failure } = walk
  if (failure !== undefined) {
    const { by, why } = scriptFailed(failure)
    return { defer: why, steps: [stepOf(walk, 'defer', by)] }
  }
  const tagged = saysTags(walk)
  const decided = decidedRecipient(walk, { revision, asked: left, tagged, sent: new Set() })
  const { filtered } = decided
  const by = filtered?.by === undefined ? NONE : filterDecided(revision, filtered.by)
  const steps = [stepOf(walk, filtered === undefined ? 'pass' : 'change', by)]
  return filtered === undefined ? { steps } : { decided, steps }
}

function stepOf(walk: Walk, result: Step['result'], by: DecidedBy): Step {
  return {
    at: 'delivery',
    stage: 'filters',
    ms: 0,
    recipients: [walk.recipient.address],
    result,
    by,
    ...filtersShown(walk.takeTraces()),
  }
}
