// SPDX-License-Identifier: Apache-2.0
/** Submission completes messages: Date, Message-ID and From where they are missing (RFC 6409 §8). */
import { field, formatDate, formatMessageId } from '../../mime/fields.ts'
import { Usual } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

const BY = { by: 'protocol', rule: 'RFC 6409 §8' } as const
const NO_SUBMISSION = new Usual(BY, 'not a submission')
const COMPLETE = new Usual(BY)

export const submissionFields: Stage<ContentContext> = {
  name: 'submission fields',
  decides: 'which missing fields are added to a user’s message',
  reference: 'RFC 6409 §8',
  judge(context) {
    const { service, account, content, edits, receivedAt, id, revision, reversePath } = context
    if (account === undefined || service === 'lmtp') return NO_SUBMISSION
    const missing = (name: string) => !content.fieldNames.has(name)
    const author = reversePath ?? account.addresses[0]
    const fields = [
      ...(missing('message-id') ? [field('Message-ID', formatMessageId(id, revision.config.server.hostname))] : []),
      ...(missing('from') && author !== undefined ? [field('From', author)] : []),
      ...(missing('date') ? [field('Date', formatDate(receivedAt, 0))] : []),
    ]
    if (fields.length === 0) return COMPLETE
    const added = fields.map((field) => ({ edit: 'prepend' as const, field }))
    const note = `added ${fields.map((text) => text.slice(0, text.indexOf(':'))).join(', ')}`
    return { verdict: { do: 'pass' }, by: BY, context: { ...context, edits: [...edits, ...added] }, note }
  },
}
