// SPDX-License-Identifier: Apache-2.0
/** What the private actions have, for those that carry them out (spec filters.md 4). */

declare module '../action.ts' {
  interface ActionArgs {
    /** Forced silent discard: nothing a user's script did stands against it. */
    jettison: Record<string, never>
    /** As `reject`, as an SMTP reply where that is possible, and no other level overrides it. */
    refuse: { readonly reason: string }
    /** Set the message aside for an operator. */
    hold: Record<string, never>
    /** To stand in front of the subject: see `taggedSubject`. Never with a `|` in it. */
    addtag: { readonly tag: string }
    addconversiontag: { readonly tags: readonly string[] }
    /** Cancels every other source of conversion tags. */
    setconversiontag: { readonly tags: readonly string[] }
    spamadjust: { readonly score: number; readonly text: string }
    /** No vacation reply of a user's script. */
    novacation: Record<string, never>
    /** For the record of this message in the transaction log. */
    transactionlog: { readonly text: string }
  }
}

/** Makes this a module; the augmentation above is what it is for. */
export type PrivateActionKind =
  | 'jettison'
  | 'refuse'
  | 'hold'
  | 'addtag'
  | 'addconversiontag'
  | 'setconversiontag'
  | 'spamadjust'
  | 'novacation'
  | 'transactionlog'
