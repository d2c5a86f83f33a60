// SPDX-License-Identifier: Apache-2.0
/** What a delivery status notification is made from, and what comes of it: the types of compose.ts. RFC 3464. */
import type { MailAddress } from '../address/address.ts'
import type { OriginalRecipient } from '../envelope/envelope.ts'
import type { RemoteAnswer } from '../envelope/outcome.ts'

export type NoticeKind = 'failure' | 'delay' | 'success'

/** What is reported of one recipient. */
export interface NoticeRecipient {
  readonly address: MailAddress
  /** The argument of RCPT TO; what the sender knows. */
  readonly given: string
  readonly orcpt?: OriginalRecipient
  /** RFC 3464 §2.3.3 */
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'
  /** RFC 3463: `5.1.1`. */
  readonly status: string
  /** In our words, for people, and the diagnostic where no remote system gave one. */
  readonly reason?: string
  readonly remote?: RemoteAnswer
  readonly lastAttemptMs?: number
  /** RFC 3464 §2.3.9; only for `delayed`. */
  readonly willRetryUntilMs?: number
}

export interface NoticeInput {
  readonly kind: NoticeKind
  /** The notice's own id: its Message-ID. */
  readonly id: string
  readonly to: MailAddress
  /** Our name: the reporting MTA. */
  readonly hostname: string
  readonly dateMs: number
  /** Minutes east of Greenwich that dates are written in; 0 unless given. */
  readonly offsetMinutes?: number
  /**
   * At least 16 letters and digits drawn at random after the original came. Whoever wrote the original cannot have
   * known them, so that they do not occur in it but by a chance below 2^-60, and it need not be searched.
   */
  readonly boundary: string
  readonly original: {
    readonly id: string
    readonly arrivedMs: number
    /** RFC 3461 §4.4, decoded from xtext. */
    readonly envid?: string
    /** As in its header: encoded words allowed. */
    readonly subject?: string
    readonly messageId?: string
    readonly smtputf8: boolean
    /** What is returned of it has octets over 127. */
    readonly eightBit: boolean
    readonly returned: 'full' | 'headers'
  }
  readonly recipients: readonly NoticeRecipient[]
}

export interface Notice {
  /** Everything before the original's octets; written as UTF-8. */
  readonly before: string
  /** What of the original follows. */
  readonly original: 'full' | 'headers'
  readonly after: string
  /** RFC 6152: octets over 127 are in it. */
  readonly eightBit: boolean
  /** RFC 6531: its own header has them. */
  readonly smtputf8: boolean
}
