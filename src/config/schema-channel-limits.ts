// SPDX-License-Identifier: Apache-2.0
/**
 * Limits of a channel under the names they have always had, in camel case (spec access-control.md 8). None is set by
 * default: `limits` of the configuration is the net below them. What each answers stands in policy/channel-limits.ts.
 */
import { z } from 'zod'

/** n are allowed, the next one is too many. */
const count = () => z.int().min(1).optional()

/** On the channel a session is on when the limit is judged. */
export const sourceLimits = {
  transactionLimit: count().describe('Messages in one session; at the next MAIL 450 (transactionlimit).'),
  allowTransactionsPerSession: count().describe(
    'The same with the reply 451, after which some senders wait longer (ALLOW_TRANSACTIONS_PER_SESSION).',
  ),
  transactionLimitRcptTo: z
    .boolean()
    .default(false)
    .describe('allowTransactionsPerSession answers RCPT TO instead of MAIL FROM (TRANSACTION_LIMIT_RCPT_TO).'),
  disconnectTransactionLimit: count().describe(
    'Messages in one session; the next MAIL FROM or RSET ends it (disconnecttransactionlimit).',
  ),
  recipientLimit: count().describe('Recipients of one message; RCPT TO beyond it is refused (recipientlimit).'),
  recipientCutoff: count().describe(
    'RCPT TO commands of one message, refused ones included; with more, nobody gets it (recipientcutoff).',
  ),
  deferralRejectLimit: count().describe(
    'Refused recipients in one session; after it every recipient is put off (deferralrejectlimit, ALLOW_REJECTIONS_BEFORE_DEFERRAL).',
  ),
  disconnectRecipientLimit: count().describe(
    'Accepted recipients in one session; beyond it the next MAIL FROM or RSET ends the session (disconnectrecipientlimit).',
  ),
  disconnectRejectLimit: count().describe(
    'Refused recipients in one session; beyond it the next MAIL FROM or RSET ends the session (disconnectrejectlimit).',
  ),
  disconnectBadCommandLimit: count().describe(
    'Bad commands in one session; the next one ends it. limits.badCommands counts too (disconnectbadcommandlimit).',
  ),
  disconnectBadAuthLimit: count().describe(
    'Failed sign-ins in one session; the next AUTH ends it. limits.failedAuth counts too (disconnectbadauthlimit).',
  ),
  sourceBlockLimit: count().describe(
    'Largest message taken in over this channel, in blocks of limits.blockSize; told to clients with SIZE (sourceblocklimit).',
  ),
  holdLimit: count().describe(
    'Recipients of one message, as the client named them; with more it is accepted and held (holdlimit).',
  ),
  longLines: z
    .enum(['pass', 'truncate', 'wrap', 'reject'])
    .default('pass')
    .describe(
      'Lines of more than 998 octets: pass unchanged, cut off, wrap, or refuse the message (truncatesmtplonglines, wrapsmtplonglines, rejectsmtplonglines). The channel a session starts on decides, whatever it moves to.',
    ),
}

/** On a channel that mail leaves through. */
export const destinationLimits = {
  blockLimit: count().describe('Largest message that may leave here, in blocks of limits.blockSize (blocklimit).'),
  lineLimit: count().describe('Lines, header included, of a message that may leave here (linelimit).'),
}

/** On a channel that mail leaves through over SMTP or LMTP. */
export const remoteLimits = {
  lineLength: z
    .literal(0)
    .or(z.int().min(76).max(998))
    .default(0)
    .describe('Parts of messages with lines of more octets leave as quoted-printable; 0 for as they are (linelength).'),
}

/** For the whole site, in the section `limits`. */
export const siteLimits = {
  blockSize: z
    .int()
    .min(1)
    .max(1024 * 1024)
    .default(1024)
    .describe('Octets of a block, the unit of every block limit (BLOCK_SIZE).'),
  blockLimit: count().describe('Largest message, in blocks; told to clients with SIZE (BLOCK_LIMIT).'),
  lineLimit: count().describe('Lines, header included, of one message (LINE_LIMIT).'),
  permanentRecipientLimit: z
    .boolean()
    .default(false)
    .describe('recipientLimit answers 550 instead of 452 (bit 4 of USE_PERMANENT_ERROR).'),
}

/** Spec filters.md 7: fields of a message as it came. One with more is in a loop: it is accepted and held. */
export const loopLimits = {
  received: z
    .int()
    .min(10)
    .default(50)
    .describe('Received: fields; a message with more is in a loop and is held (max_received_lines).'),
  localReceived: z
    .int()
    .min(1)
    .default(10)
    .describe('The same for Received: fields that name this host, server.hostname (max_local_received_lines).'),
  mrReceived: z.int().min(1).default(20).describe('The same for MR-Received: fields (max_mr_received_lines).'),
  totalReceived: z
    .int()
    .min(10)
    .default(100)
    .describe('The same for Received:, MR-Received: and X400-Received: fields together (max_total_received_lines).'),
  heldAlarm: z
    .boolean()
    .default(false)
    .describe('A message that is held for one of these counts is told to the operator: `alarm.loop` (held_sndopr).'),
}
