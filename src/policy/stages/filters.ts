// SPDX-License-Identifier: Apache-2.0
/**
 * The filters, in three stages: of users, of channels, of the MTA (spec filters.md 1 and 2). What they say of each
 * recipient is put together behind the last one; who carries it out finds it in `Recipient.filtered`. A message is
 * refused in the dialogue only where every recipient refuses it alike (RFC 5429 §2.1).
 */

import type { Asking } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import type { Filtered } from '../../envelope/filtered.ts'
import { reply } from '../../smtp/reply.ts'
import { channelConfig } from '../channels.ts'
import { filterDecided, scriptFailed } from '../filters/decided-by.ts'
import { decidedRecipient, saysTags } from '../filters/decided-recipient.ts'
import { beginFilters, nothingOfSite, runSiteLevels, runUserLevels } from '../filters/filter-message.ts'
import { filtersShown } from '../filters/filter-trace.ts'
import type { Filtering } from '../filters/filtering.ts'
import { commonRefusal } from '../filters/refusal.ts'
import { silent } from '../saying.ts'
import type { ContentContext, Stage, StageResult } from '../stage.ts'

const NONE: DecidedBy = { by: 'built-in', rule: 'filters' }
const SILENT = silent(NONE)
/** Spec filters.md 9: the cause is for the trace and the operator. */
const LATER = reply(451, '3.0', 'The message cannot be filtered now, try again later')

export const userFilters: Stage<ContentContext> = {
  name: 'user filters',
  decides: 'what the recipient wants',
  reference: 'spec filters.md 1',
  judge(context) {
    const { recipients, scriptlets = [] } = context
    // Only users of ours have filters.
    const nobody = recipients.every(({ user }) => user === undefined)
    return nobody && scriptlets.length === 0 && nothingOfSite(context) ? SILENT : undefined
  },
  *run(context) {
    const begun = yield* beginFilters(context, context.scriptlets ?? [])
    if (begun.kind === 'nothing') return SILENT
    if (begun.kind === 'defer') return { verdict: { do: 'refuse', reply: LATER }, by: NONE, note: begun.cause }
    const { filtering } = begun
    yield* runUserLevels(filtering, context.revision.config.filters.literalFinish)
    return resultOf({ ...context, filtering }, filtering)
  },
}

export const channelFilters: Stage<ContentContext> = siteStage(
  'channel filters',
  'what the channels want',
  ['destination channel', 'source channel'],
  resultOf,
)

export const mtaFilter: Stage<ContentContext> = siteStage('MTA filter', 'what the site wants', ['MTA'], conclude)

function siteStage(
  name: string,
  decides: string,
  levels: readonly ('destination channel' | 'source channel' | 'MTA')[],
  end: (context: ContentContext, filtering: Filtering) => StageResult<ContentContext>,
): Stage<ContentContext> {
  return {
    name,
    decides,
    reference: 'spec filters.md 1',
    judge: ({ filtering }) => (filtering === undefined ? SILENT : undefined),
    *run(context): Asking<StageResult<ContentContext>> {
      const { filtering } = context
      if (filtering === undefined) return SILENT
      yield* runSiteLevels(filtering, context, levels)
      return end(context, filtering)
    },
  }
}

/** What this stage ran, and whether a script failed that must not. */
function resultOf(context: ContentContext, { walks }: Filtering): StageResult<ContentContext> {
  const traces = walks.flatMap((walk) => walk.takeTraces())
  const shown = filtersShown(traces)
  const failed = walks.find(({ failure }) => failure !== undefined)?.failure
  const decided = traces.find(({ by }) => by !== undefined)?.by
  const by = decided === undefined ? NONE : filterDecided(context.revision, decided)
  if (failed !== undefined) {
    const { by: failedBy, why } = scriptFailed(failed)
    return { verdict: { do: 'refuse', reply: LATER }, by: failedBy, note: why, ...shown }
  }
  return { verdict: { do: 'pass' }, by, context, ...shown, ...(traces.length === 0 ? { silent: true } : {}) }
}

/** All levels have spoken: what becomes of each recipient, and of the message where that is the same for all. */
function conclude(context: ContentContext, filtering: Filtering): StageResult<ContentContext> {
  const { filtering: _, ...rest } = context
  const result = resultOf(rest, filtering)
  if (result.verdict.do !== 'pass') return result
  const { walks } = filtering
  const sent = new Set<string>()
  const asked = context.carried?.asked ?? {}
  const tagged = walks.some(saysTags)
  const each = walks.map((walk) => decidedRecipient(walk, { revision: context.revision, asked, tagged, sent }))
  const { tags: __, ...untagged } = asked
  const carried = context.carried
  const next: ContentContext = {
    ...rest,
    recipients: each,
    ...(tagged && carried !== undefined ? { carried: { ...carried, asked: untagged } } : {}),
  }
  const outcomes = each.map(({ filtered }) => filtered)
  const refusal = commonRefusal(outcomes)
  const [first] = outcomes
  const by = first?.by === undefined ? result.by : filterDecided(context.revision, first.by)
  if (refusal !== undefined) return { ...spoken(result), verdict: { do: 'refuse', reply: refusal }, by, context: next }
  const reasons = outcomes.map((outcome) => outcome?.held?.reason)
  const [reason] = reasons
  if (reason !== undefined && reasons.every((other) => other !== undefined)) {
    // Held as a whole: let go once, it is not held again for each recipient.
    const recipients = each.map((recipient) => ({ ...recipient, ...unheld(recipient.filtered) }))
    return { ...spoken(result), verdict: { do: 'hold', reason }, by, context: { ...next, recipients } }
  }
  const rules = each.map(({ channel, via, filtered }) =>
    gone(filtered) && isBitbucket(context, channel) ? via : undefined,
  )
  const [rule] = rules
  if (rule !== undefined && rules.every((other) => other !== undefined))
    return { ...spoken(result), verdict: { do: 'discard', rule }, by, context: next }
  return { ...result, context: next }
}

/** It leaves a step, now that it said something. */
const spoken = ({ silent: _, ...result }: StageResult<ContentContext>): StageResult<ContentContext> => result

function unheld(filtered: Filtered | undefined): Pick<Recipient, 'filtered'> {
  if (filtered === undefined) return {}
  const { held: _, ...others } = filtered
  return { filtered: others }
}

/** Thrown away, and nothing is to be said about it either. */
const gone = (filtered: Filtered | undefined): boolean =>
  filtered?.dropped !== undefined &&
  filtered.held === undefined &&
  [
    filtered.fileinto,
    filtered.redirects,
    filtered.vacations,
    filtered.notices,
    filtered.reports,
    filtered.remember,
  ].every((list) => list.length === 0)

const isBitbucket = ({ revision }: ContentContext, channel: Recipient['channel']): boolean =>
  channelConfig(revision, channel).kind === 'bitbucket'
