// SPDX-License-Identifier: Apache-2.0
/**
 * Local addresses that are still on their way to being somebody: whatever reaches this channel is routed and expanded
 * again, as at RCPT TO, and replaced by what it stands for.
 */
import type { Envelope, Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { ChannelDeps } from './deps.ts'
import type { Destination } from './destination.ts'

export function createLocal(deps: ChannelDeps): Destination {
  async function expand(recipient: Recipient, { origin, reversePath }: Envelope): Promise<Outcome> {
    const { recipients, problem } = await deps.place(recipient.address)
    if (problem !== undefined) {
      const { status, reason, temporary } = problem
      return { kind: temporary ? 'deferred' : 'failed', status, reason }
    }
    // Nothing came of it: again at once, and for ever, would help nobody.
    if (recipients.some(({ channel, address }) => channel === recipient.channel && address === recipient.address))
      return { kind: 'deferred', status: '4.2.1', reason: `${recipient.address} cannot be delivered to now` }
    // Requests of the sender stay with whoever the address stands for (RFC 3461 §5.2.7.1).
    // A list with an owner starts anew (§5.2.7.3): its members keep the owner and get no requests.
    const { notify, orcpt, given, sender, copy, tags } = recipient
    // What the MTA makes itself is not filtered.
    const unfiltered = recipient.unfiltered ?? origin.client !== undefined
    const requests = { ...(notify === undefined ? {} : { notify }), ...(orcpt === undefined ? {} : { orcpt }) }
    const kept = { ...requests, ...(sender === undefined ? {} : { sender }) }
    const same = { given, ...(copy === undefined ? {} : { copy }), ...(tags === undefined ? {} : { tags }) }
    const into = recipients.map((member) => {
      // Nobody knew who they were when filters ran.
      const own = unfiltered && member.user !== undefined ? { unfiltered } : {}
      return { ...member, ...same, ...own, ...(member.sender === undefined ? kept : {}) }
    })
    return { kind: 'expanded', into: (await deps.sentOn?.(reversePath, into)) ?? into }
  }

  return {
    destinationKey: () => '',
    deliver: async ({ envelope, recipients }) =>
      await Promise.all(recipients.map((recipient) => expand(recipient, envelope))),
    async [Symbol.asyncDispose]() {},
  }
}
