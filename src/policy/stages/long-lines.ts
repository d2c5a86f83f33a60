// SPDX-License-Identifier: Apache-2.0
/**
 * Lines longer than RFC 5321 §4.5.3.1.6 allows (998 octets and CRLF): what the channel a session started on makes of
 * them. Cutting and wrapping have been done while the content came in (smtp/long-lines.ts); here the message is marked,
 * as the historical system marked it, or refused.
 */
import { type LongLines, MAX_LINE } from '../../smtp/long-lines.ts'
import { LONG_LINES_REFUSED } from '../channel-limits.ts'
import { channelConfig, ofChannel } from '../channels.ts'
import { Usual } from '../saying.ts'
import type { ContentContext, SessionContext, Stage } from '../stage.ts'

/** As documented, each on one line. */
const WARNING = {
  truncate: 'Sun-Java-System-SMTP-Warning: Lines longer than SMTP allows found and truncated.\r\n',
  wrap: 'Sun-Java-System-SMTP-Warning: Lines longer than SMTP allows found and wrapped.\r\n',
} as const

/** What becomes of long lines in this session. */
export function longLinesRule({ revision, initial }: SessionContext): LongLines {
  const channel = channelConfig(revision, initial)
  return 'longLines' in channel ? channel.longLines : 'pass'
}

const short = ofChannel((revision, initial) => {
  const by = revision.where('channels', initial, 'longLines')
  return { by, passes: new Usual(by) }
})

export const longLines: Stage<ContentContext> = {
  name: 'long lines',
  decides: 'lines of more than 998 octets: passed, cut, wrapped, or the message refused',
  reference: 'spec access-control.md 8, rejectsmtplonglines; RFC 5321 §4.5.3.1.6',
  judge(context) {
    const { revision, initial, content, edits } = context
    const { by, passes } = short(revision, initial)
    if (content.longestLine <= MAX_LINE) return passes
    const note = `the longest line has ${content.longestLine} octets`
    const rule = longLinesRule(context)
    if (rule === 'pass') return { verdict: { do: 'pass' }, by, note: `${note}; passed on as received` }
    if (rule === 'reject') return { verdict: { do: 'refuse', reply: LONG_LINES_REFUSED }, by, note }
    const warning = { edit: 'prepend', field: WARNING[rule] } as const
    return { verdict: { do: 'pass' }, by, context: { ...context, edits: [...edits, warning] }, note }
  },
}
