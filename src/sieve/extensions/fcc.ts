// SPDX-License-Identifier: Apache-2.0
/** `:fcc`, RFC 8580: a copy of what is sent goes into a mailbox. */
import type { FccArgs } from '../action.ts'
import type { AddedTagDef, Args, SieveExtension } from '../plugin.ts'
import { ELSEWHERE, mailboxOptions } from './fileinto.ts'
import { normalizeFlags } from './flags.ts'

const SENDING = ['vacation', 'notify']

export const fccArgs = (args: Args): FccArgs | undefined =>
  args.has('fcc')
    ? {
        mailbox: args.string('fcc'),
        ...mailboxOptions(args),
        ...(args.has('flags') ? { flags: normalizeFlags(args.strings('flags')) } : {}),
      }
    : undefined

export const FCC: SieveExtension = { name: 'fcc', tags: [{ name: 'fcc', value: 'string', on: SENDING }] }

/** §3.2: tags of other extensions say how the copy is kept; only together with `:fcc`. */
export const FCC_TAGS: Readonly<Record<string, AddedTagDef>> = {
  mailbox: { name: 'create', needs: 'fcc', on: SENDING },
  imap4flags: { name: 'flags', value: 'string-list', needs: 'fcc', on: SENDING },
  'special-use': { name: 'specialuse', value: 'string', group: ELSEWHERE, needs: 'fcc', on: SENDING },
  mailboxid: { name: 'mailboxid', value: 'string', group: ELSEWHERE, needs: 'fcc', on: SENDING },
}
