// SPDX-License-Identifier: Apache-2.0
/**
 * Which notification is due: the rules of RFC 3461 §4.1 and §5.2, over what the sender asked for. Making one is
 * compose.ts.
 */
import type { ReversePath } from '../address/address.ts'
import type { Notify, Recipient } from '../envelope/envelope.ts'

/** What happened to a recipient. `relayed-with-dsn`: the next system took over the request, RFC 3461 §5.2.2. */
export type NoticeCause = 'failure' | 'delay' | 'delivered' | 'relayed-without-dsn' | 'relayed-with-dsn' | 'expanded'

/** Whether the sender is to hear of it. */
export function noticeDue({ notify }: Pick<Recipient, 'notify'>, reversePath: ReversePath, what: NoticeCause): boolean {
  // RFC 5321 §4.5.5 and RFC 3461 §5.2: nothing is ever reported to the null sender.
  if (reversePath === null || notify === 'never') return false
  switch (what) {
    case 'failure':
      return notify === undefined || notify.includes('failure')
    case 'delay':
      // RFC 3461 §4.1: without NOTIFY a delay may be reported; people want to know.
      return notify === undefined || notify.includes('delay')
    case 'delivered':
    case 'expanded':
    case 'relayed-without-dsn':
      return notify?.includes('success') ?? false
    case 'relayed-with-dsn':
      return false // the next system reports, §5.2.2
    default:
      return what satisfies never
  }
}

/**
 * What is reported of an address that stands for others, RFC 3461 §5.2.7: that it was expanded when they are several,
 * that it was delivered when they are a list with an owner, which starts anew (§5.2.7.3). Nothing of an alias for one:
 * that one reports.
 */
export function expansionCause(
  members: readonly Pick<Recipient, 'sender' | 'senderRewritten'>[],
): 'expanded' | 'delivered' | undefined {
  const owned = members.filter(({ sender, senderRewritten }) => sender !== undefined && senderRewritten !== true)
  if (owned.length > 0 && owned.length === members.length) return 'delivered'
  return members.length > 1 ? 'expanded' : undefined
}

/** What those behind an expanded address take over of NOTIFY: each success was reported when it was expanded. */
export function notifyOfMembers(notify: Notify): Notify {
  if (notify === 'never') return notify
  const rest = notify.filter((word) => word !== 'success')
  // Whoever wanted to hear of success alone wants to hear of nothing else.
  return rest.length === 0 ? 'never' : rest
}
