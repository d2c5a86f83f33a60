// SPDX-License-Identifier: Apache-2.0
/**
 * What filters made of a message for one recipient (spec filters.md 2, step 5): to be carried out when the message is
 * delivered to that recipient. Plain data: the queue writes it as JSON and reads it back years later.
 *
 * Decided once, when the message comes in; nothing here is decided again. Targets are distinct already, of one recipient
 * and of all (spec filters.md 8).
 */
import type { MailAddress } from '../address/address.ts'

/** Whose script it was, spec filters.md 1; in the order in which they run (spec filters.md 2). */
export const FILTER_LEVELS = [
  'plug-in',
  'personal',
  'household',
  'domain',
  'destination channel',
  'source channel',
  'MTA',
] as const
export type FilterLevel = (typeof FILTER_LEVELS)[number]

/** A line of a script. */
export interface FilterPlace {
  readonly level: FilterLevel
  /** `filters/mta.sieve`, `rule "The cooks" of kim@example.org`, `autoreply of kim@example.org`. */
  readonly script: string
  /** From 1. */
  readonly line: number
  readonly column: number
  /** The line itself, at most 200 characters. */
  readonly text?: string
}

/**
 * A change of the header that a script made, in order of application: `occurrence` (from 1) counts the fields of that
 * name as they stand when it is applied. A field is complete lines with CRLF at their ends.
 */
export type FilterEdit =
  | { readonly edit: 'prepend'; readonly field: string }
  | { readonly edit: 'append'; readonly field: string }
  /** `name` in lower case. */
  | { readonly edit: 'delete'; readonly name: string; readonly occurrence: number }

/** What one copy looks like where it differs from the others of the recipient. */
export interface Copy {
  /** Instead of `Filtered.edits`: edits made later in the script are not in this copy, RFC 5293 §6. */
  readonly edits?: readonly FilterEdit[]
  /** The whole message in base64, where a script put another text in place of parts of it (RFC 5703); its edits are in it. */
  readonly replaced?: string
}

export interface FiledInto extends Copy {
  readonly mailbox: string
  /** The recipient's address for this copy, where the channel rewrites it (keyword `fileinto`): deliver there. */
  readonly address?: MailAddress
  /** That address is the recipient's own with this subaddress, and the channel has folders: this one. */
  readonly detail?: string
  readonly flags: readonly string[]
  /** Make the mailbox where there is none (RFC 5490); without it such mail goes to the inbox. */
  readonly create: boolean
  /** A mailbox with this attribute (`\Junk`) if there is one, RFC 8579; this one if it exists, RFC 9042. */
  readonly specialUse?: string
  readonly mailboxId?: string
  readonly by: FilterPlace
}

export interface Redirected extends Copy {
  readonly address: MailAddress
  /** The owner whose address stands in Resent-From; absent: no Resent fields. */
  readonly resentFrom?: MailAddress
  /** RFC 6009; absent where the script does not say. */
  readonly notify?: 'never' | readonly ('success' | 'failure' | 'delay')[]
  readonly ret?: 'full' | 'hdrs'
  readonly by: FilterPlace
}

/** A copy of what is sent for the script, RFC 8580. */
export interface FiledCopy {
  readonly mailbox: string
  /** Instead, where there are such: RFC 8579, RFC 9042. */
  readonly specialUse?: string
  readonly mailboxId?: string
  readonly flags: readonly string[]
  readonly create: boolean
}

/** A reply to the sender, RFC 5230. Asked for, not suppressed by anything the scripts could see. */
export interface VacationReply {
  readonly to: MailAddress
  /** Of the reply's From, if the script says. */
  readonly from?: string
  readonly subject?: string
  readonly reason: string
  /** `reason` is a whole MIME entity. */
  readonly mime: boolean
  /** With the sender it is what is remembered for so many seconds; 0: every message is answered. */
  readonly handle: string
  readonly seconds: number
  /** The message that is answered goes with it (autoreply mode `echo`). */
  readonly echo?: true
  readonly copy?: FiledCopy
  readonly by: FilterPlace
}

/** A notification, RFC 5435: `mailto:` (RFC 5436) is the method of the house. */
export interface Notice {
  readonly uri: string
  readonly from?: string
  readonly importance: '1' | '2' | '3'
  readonly options: readonly string[]
  readonly message?: string
  readonly copy?: FiledCopy
  readonly by: FilterPlace
}

/** A script of a user's that failed: its owner is told, at most once a day (spec filters.md 9). */
export interface FilterReport {
  readonly to: MailAddress
  readonly level: FilterLevel
  /** Names the script; with the owner it is what is remembered. */
  readonly script: string
  /** Whole lines for people, bounded: what is wrong and where. */
  readonly text: string
}

export interface Filtered {
  /** The line that decided; absent: no script was explicit, and the inbox is where mail goes. */
  readonly by?: FilterPlace
  /** To the inbox, with these flags (RFC 5232). Absent: not there. */
  readonly keep?: Copy & { readonly flags: readonly string[] }
  readonly fileinto: readonly FiledInto[]
  readonly redirects: readonly Redirected[]
  /** Recipients of the message whose copies stand for some of this one's: they lead to the same mailbox. */
  readonly merged?: readonly number[]
  /**
   * Thrown away. With nothing else to deliver the recipient is on the channel for that already (bitbucket, with the rule
   * in `via`), whether or not there are replies and notices to send; with copies it keeps its channel, for these.
   */
  readonly dropped?: { readonly how: 'discard' | 'jettison'; readonly rule: string }
  /** Refused, where that was not possible in the dialogue: a notice to the sender, never to the null one. */
  readonly refused?: {
    readonly how: 'refuse' | 'reject' | 'ereject'
    readonly reason: string
    /** The sender has been told what `reject` says. */
    readonly told?: true
  }
  /** Waits for an operator before anything else of this is done. Taken away when it has come to pass. */
  readonly held?: { readonly reason: string }
  /** Of the inbox and of all targets that have none of their own. */
  readonly edits: readonly FilterEdit[]
  readonly vacations: readonly VacationReply[]
  readonly notices: readonly Notice[]
  readonly reports: readonly FilterReport[]
  /** To remember once every copy is delivered, RFC 7352; for whom, where that is not the first of `owner`. */
  readonly remember: readonly { readonly id: string; readonly seconds: number; readonly owner?: MailAddress }[]
  /** Whose script it was, main address first: From of replies, Resent-From, memory. */
  readonly owner: readonly MailAddress[]
}

/** Nothing is decided, and nothing to be done. */
export const nothingFiltered = (owner: readonly MailAddress[]): Filtered => ({
  fileinto: [],
  redirects: [],
  edits: [],
  vacations: [],
  notices: [],
  reports: [],
  remember: [],
  owner,
})

/** One copy on its way: into a mailbox, or to another address. */
export interface RecipientCopy extends Copy {
  /** The line that made it; absent: no script did, and the inbox is where mail goes. */
  readonly by?: FilterPlace
  /** Sent on to this recipient. */
  readonly redirected?: true
  /** RFC 6009: RET instead of the envelope's, where the script that sent it on says so. */
  readonly ret?: 'full' | 'hdrs'
  /** Absent: the inbox, or wherever the recipient's mail goes. */
  readonly mailbox?: string
  readonly create?: boolean
  /** Instead, where there are such: RFC 8579, RFC 9042. */
  readonly specialUse?: string
  readonly mailboxId?: string
  readonly flags: readonly string[]
}

/** `personal filter, rule 2 of kim@example.org, line 4` */
export const describeFilterPlace = ({ level, script, line }: FilterPlace): string =>
  `${level} filter, ${script}:${line}`
