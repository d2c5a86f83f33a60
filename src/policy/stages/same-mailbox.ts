// SPDX-License-Identifier: Apache-2.0
/** Recipients that lead to one mailbox: one delivery each folder (spec filters.md 8). Behind the filters, for these say which. */
import type { DecidedBy } from '../../ask/decided-by.ts'
import { channelConfig } from '../channels.ts'
import { mergeCopies } from '../filters/merge-copies.ts'
import { silent } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

const BY: DecidedBy = { by: 'built-in', rule: 'one delivery for each mailbox and folder' }
const SILENT = silent(BY)

export const sameMailbox: Stage<ContentContext> = {
  name: 'same mailbox',
  decides: 'does another recipient lead to the same mailbox',
  reference: 'spec filters.md 8',
  judge(context) {
    const { recipients, revision } = context
    if (recipients.length === 1 && recipients[0]?.filtered === undefined) return SILENT
    const merged = mergeCopies(recipients, (channel) => {
      const config = channelConfig(revision, channel)
      return config.kind !== 'maildir' || config.subaddressFolders
    })
    const given = merged.filter(({ filtered }) => filtered?.merged !== undefined).map((recipient) => recipient.given)
    if (given.length === 0) return SILENT
    const note = `${given.slice(0, MAX_NAMED).join(' ')}: another recipient has it in the same mailbox`
    return { verdict: { do: 'pass' }, by: BY, note, context: { ...context, recipients: merged } }
  },
}

/** Recipients named in one step. */
const MAX_NAMED = 5
