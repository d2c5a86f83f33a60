// SPDX-License-Identifier: Apache-2.0
/**
 * The order of everything that is decided about a message on its way in (design 1). It reads like the figure; nothing
 * is decided anywhere else. A stage without `run` has its place here and is not built yet; docs/specifications.md and
 * the README say so too, and a test compares them.
 */

import type { ContentContext, EnvelopeContext, MailContext, RcptContext, SessionContext, Stage } from './stage.ts'
import { accessFields } from './stages/access-fields.ts'
import { aliases } from './stages/aliases.ts'
import { saslSwitch, tlsSwitch } from './stages/channel-switch.ts'
import { clientName } from './stages/client-name.ts'
import { connectionSlot } from './stages/connection-slot.ts'
import {
  contentSize,
  declaredSize,
  declaredSizeAtDestination,
  headerSize,
  sizeAtDestination,
} from './stages/content-size.ts'
import { bareNewlines, nulOctets, utf8Header } from './stages/content-syntax.ts'
import { dnsLists } from './stages/dns-lists.ts'
import { earlyTalk } from './stages/early-talk.ts'
import { channelFilters, mtaFilter, userFilters } from './stages/filters.ts'
import { freeSpace, freeSpaceLeft } from './stages/free-space.ts'
import { fromAccess } from './stages/from-access.ts'
import { holdLimit } from './stages/hold-limit.ts'
import { listAccess } from './stages/list-access.ts'
import { longLines } from './stages/long-lines.ts'
import { loopCount } from './stages/loop-count.ts'
import { mailboxQuota } from './stages/mailbox-quota.ts'
import { networkSwitch } from './stages/network-switch.ts'
import { overload } from './stages/overload.ts'
import { poison } from './stages/poison.ts'
import { portAccess, portAccessInSession } from './stages/port-access.ts'
import { mailAccess, origMailAccess, origSendAccess, sendAccess } from './stages/recipient-access.ts'
import { refusedRecipients } from './stages/refused-recipients.ts'
import { relayGuard } from './stages/relay-guard.ts'
import { routing } from './stages/routing.ts'
import { sameMailbox } from './stages/same-mailbox.ts'
import { senderDomain } from './stages/sender-domain.ts'
import { sessionLimits, sessionLimitsAtReset } from './stages/session-limits.ts'
import { signInRequired } from './stages/sign-in-required.ts'
import { submissionFields } from './stages/submission-fields.ts'
import { traceField } from './stages/trace-field.ts'
import { recipientCutoff, recipientLimit, transactionLimit } from './stages/transaction-limits.ts'

const place = (name: string, decides: string, reference: string) => ({ name, decides, reference })

export const STAGES = {
  connect: [overload, connectionSlot, portAccess, dnsLists, networkSwitch, portAccessInSession, clientName, earlyTalk],
  starttls: [tlsSwitch],
  auth: [saslSwitch],
  mail: [
    signInRequired,
    sessionLimits,
    transactionLimit,
    declaredSize,
    freeSpace,
    senderDomain,
    fromAccess,
    place('SPF', 'may this client send for this domain', 'RFC 7208'),
  ],
  rset: [sessionLimitsAtReset],
  rcpt: [
    recipientLimit,
    routing,
    origSendAccess,
    origMailAccess,
    aliases,
    declaredSizeAtDestination,
    listAccess,
    sendAccess,
    mailAccess,
    relayGuard,
    mailboxQuota,
  ],
  envelope: [recipientCutoff, poison],
  content: [
    contentSize,
    sizeAtDestination,
    headerSize,
    longLines,
    bareNewlines,
    nulOctets,
    utf8Header,
    loopCount,
    holdLimit,
    place('DKIM, DMARC, ARC', 'is the author who it says', 'RFC 6376, RFC 7489, RFC 8617'),
    place('scanners', 'is it spam, does it carry malware', 'spec spam-and-virus.md'),
    userFilters,
    channelFilters,
    mtaFilter,
    refusedRecipients,
    sameMailbox,
    freeSpaceLeft,
    accessFields,
    submissionFields,
    traceField,
  ],
  // Of a message whose content must not be looked at.
  unlooked: [contentSize, freeSpaceLeft, traceField],
} as const satisfies {
  readonly connect: readonly Stage<SessionContext>[]
  readonly starttls: readonly Stage<SessionContext>[]
  readonly auth: readonly Stage<SessionContext>[]
  readonly mail: readonly Stage<MailContext>[]
  readonly rset: readonly Stage<SessionContext>[]
  readonly rcpt: readonly Stage<RcptContext>[]
  readonly envelope: readonly Stage<EnvelopeContext>[]
  readonly content: readonly Stage<ContentContext>[]
  readonly unlooked: readonly Stage<ContentContext>[]
}
