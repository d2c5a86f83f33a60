// SPDX-License-Identifier: Apache-2.0
/**
 * The budget of mail that this server makes itself, one for all workers: replies, notifications and reports that filters
 * ask for, and delivery notices. Whoever makes others' scripts write mail, or forges a sender so that somebody gets our
 * notices, finds the end of it soon. What is withheld is told in the history of the message it would have been about.
 */
import type { MailAddress } from '../address/address.ts'
import type { Clock } from '../clock/clock.ts'
import type { Revision } from '../config/revision.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { Log } from '../monitor/log.ts'
import type { BirthRecord, TraceSink } from '../policy/trace.ts'
import type { Counters } from '../state/counters.ts'

type Limit = 'perOwner' | 'perAddress' | 'noticesPerAddress' | 'total'

export interface OwnMail {
  readonly why: BirthRecord['why']
  readonly about: MessageId
  readonly to: readonly MailAddress[]
  /** Whose script asks for it; absent: a delivery notice, or what `reject` says in place of one. */
  readonly owner?: MailAddress
}

/**
 * Counts a message, and says whom it may go to. Of a delivery notice rather too many are sent than one is lost (RFC 5321
 * §6.1): what others cause never keeps it back, and neither does a memory that is away.
 * Rejects when the memory cannot be reached and a filter asks: to be tried again.
 */
export type Budget = (mail: OwnMail) => Promise<readonly MailAddress[]>

export interface BudgetMeans {
  readonly counters: Counters
  readonly revision: () => Revision
  readonly clock: Pick<Clock, 'now'>
  readonly traces: TraceSink
  readonly log: Log
}

/** Owners and addresses that are counted; with one more, the one not seen for longest is forgotten. */
const MAX_COUNTED = 1_000_000
/** Addresses named in one record. */
const MAX_TRACED = 50

export function createBudget(means: BudgetMeans): Budget {
  const over = async (limit: Limit, key: string): Promise<boolean> => (await count(means, limit, key)) === 'over'
  return async (mail) => {
    const { owner, to, why } = mail
    if (owner === undefined) {
      await over('total', '').catch(() => false)
      // Nobody's NOTIFY=SUCCESS, with a sender that is forged, uses up what is there for failures.
      const kind = why === 'delay' || why === 'success' ? `${why} ` : ''
      const enough = await over('noticesPerAddress', `${kind}${keyOf(to)}`).catch(() => false)
      if (enough) tell(means, mail, to, 'noticesPerAddress')
      return enough ? [] : to
    }
    if (await over('perOwner', owner.toLowerCase())) {
      tell(means, mail, to, 'perOwner')
      return []
    }
    const left: MailAddress[] = []
    for (const address of to)
      if (await over('perAddress', keyOf([address]))) tell(means, mail, [address], 'perAddress')
      else left.push(address)
    if (left.length === 0 || !(await over('total', ''))) return left
    tell(means, mail, left, 'total')
    return []
  }
}

const keyOf = (addresses: readonly MailAddress[]): string => addresses.join(' ').toLowerCase()

async function count({ counters, revision }: BudgetMeans, limit: Limit, key: string): Promise<string> {
  const { window: windowMs, ...limits } = revision().config.queue.ownMail
  const table = { name: `ownMail.${limit}`, quota: limits[limit], windowMs, penalize: false, maxEntries: MAX_COUNTED }
  const answer = await counters.count({ do: 'throttle', table, key })
  if (answer.kind === 'defer') throw new Error(`what was sent cannot be counted: ${answer.cause}`)
  return answer.kind === 'found' ? answer.value : ''
}

function tell(
  { revision, clock, traces, log }: BudgetMeans,
  { about, why, owner }: OwnMail,
  to: readonly MailAddress[],
  limit: Limit,
): void {
  const { config, id, where } = revision()
  const { window: windowMs, ...limits } = config.queue.ownMail
  const whom = { perOwner: `scripts of ${owner}`, perAddress: to[0], noticesPerAddress: to[0], total: 'all together' }[
    limit
  ]
  const reason = `enough for ${whom}: ${limits[limit]} messages in ${windowMs / 60_000} minutes`
  log.warn('own-mail.withheld', { about, why, reason })
  traces.append({
    record: 'withheld',
    version: 1,
    id: about,
    at: clock.now(),
    revision: id,
    why,
    to: to.slice(0, MAX_TRACED),
    reason,
    by: where('queue', 'ownMail', limit),
  })
}
