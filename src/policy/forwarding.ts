// SPDX-License-Identifier: Apache-2.0
/**
 * The envelope sender of mail that we send on, and where bounces to it go (address/srs.ts). Mail of our own domains keeps
 * its sender: it comes from here anyway. The null sender stays null. Pure.
 */
import { domainOf, type ReversePath } from '../address/address.ts'
import { forwardSender, type Reversed, reverseSender } from '../address/srs.ts'
import { type Asking, ask } from '../ask/ask.ts'
import type { Revision } from '../config/revision.ts'
import type { Recipient } from '../envelope/envelope.ts'
import { channelConfig } from './channels.ts'
import type { NewRecipient } from './expansion.ts'
import { INSIDE_CHANNEL } from './stages/network-switch.ts'

/** Whom the message was sent on to, each with the sender it goes out with. */
export function* sentOnBy(
  revision: Revision,
  reversePath: ReversePath,
  members: readonly NewRecipient[],
): Asking<readonly NewRecipient[]> {
  const { srs } = revision
  if (srs === undefined || reversePath === null || !members.some((member) => leaves(revision, member))) return members
  const { kind } = yield* ask({ ask: 'directory.domain', domain: domainOf(reversePath) })
  if (kind === 'found' || domainOf(reversePath).toLowerCase() === srs.domain) return members
  const sender = forwardSender(reversePath, srs, yield* ask({ ask: 'now' }))
  if (sender === undefined) return members
  return members.map((member) => (leaves(revision, member) ? { ...member, sender, senderRewritten: true } : member))
}

/** To a system that is not ours, and not from a list whose owner is the sender already. */
const leaves = (
  revision: Revision,
  { channel, user, sender }: Pick<Recipient, 'channel' | 'user' | 'sender'>,
): boolean =>
  user === undefined &&
  sender === undefined &&
  channel !== INSIDE_CHANNEL &&
  channelConfig(revision, channel).kind === 'tcp'

/** Whose mail it was that bounces to this address. */
export function* bouncesTo({ srs }: Revision, address: NewRecipient['address']): Asking<Reversed> {
  if (srs === undefined) return { kind: 'none' }
  return reverseSender(address, srs, yield* ask({ ask: 'now' }))
}
