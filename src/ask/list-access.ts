// SPDX-License-Identifier: Apache-2.0
/** Who may post to a mailing list, as the directory has it: spec access-control.md 11. */
import type { MailAddress } from '../address/address.ts'

/**
 * A test of the sender: a mapping table says `$Y`, or the sender stands among addresses (`kim@example.org`, or
 * `@example.org` for everybody there). `unknown`: the list of addresses could not be read.
 */
export type SenderTest =
  | { readonly mapping: string }
  | { readonly addresses: readonly string[] }
  | { readonly unknown: string }

export interface ListClause {
  /** `auth`: holds where the test does. `cant`: holds where it does not. */
  readonly kind: 'auth' | 'cant'
  readonly test: SenderTest
  /** How it stands to those before it; absent: as the site's OR_CLAUSES says. */
  readonly joined?: 'and' | 'or'
}

export interface ListAccess {
  /** All must hold, or one of them, for a posting to be taken. None: everybody may post. */
  readonly clauses: readonly ListClause[]
  /** Postings of all others go to this address. */
  readonly moderator?: MailAddress
  /** Who posts without it, beside the moderator. */
  readonly moderators: readonly SenderTest[]
  /** Tables: `$Y` holds the message for an operator, unless the second one says `$Y` too. */
  readonly hold?: string
  readonly noHold?: string
}
