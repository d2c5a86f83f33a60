// SPDX-License-Identifier: Apache-2.0
/** What filters made of a message for one recipient, in a few words: for explain and for policy tests. */
import type { Recipient } from '../../envelope/envelope.ts'

/** `into Lists \Seen, to lee@example.net, reply to ann@example.net`; `inbox` where no filter did anything. */
export function fate({ filtered }: Pick<Recipient, 'filtered'>): string {
  if (filtered === undefined) return 'inbox'
  const { refused, dropped, held, keep, fileinto, redirects, vacations, notices } = filtered
  const parts = [
    ...(held === undefined ? [] : ['held']),
    ...(refused === undefined ? [] : [`${refused.how} ${refused.reason}`.trim()]),
    ...(dropped === undefined ? [] : [dropped.how]),
    ...(keep === undefined ? [] : [['inbox', ...keep.flags].join(' ')]),
    ...fileinto.map(({ mailbox, flags, address }) =>
      ['into', mailbox, ...flags, ...(address === undefined ? [] : [`as ${address}`])].join(' '),
    ),
    ...redirects.map(({ address }) => `to ${address}`),
    ...vacations.map(({ to }) => `reply to ${to}`),
    ...notices.map(({ uri }) => `notify ${uri}`),
  ]
  return parts.join(', ')
}
