// SPDX-License-Identifier: Apache-2.0
/**
 * FROM_ACCESS: may this sender send, and under which name? Once a message, spec access-control.md 2.2, 3, 5. What it
 * makes of the sender counts for the tables that are asked about recipients.
 */
import type { ReversePath } from '../../address/address.ts'
import { askTable, hasTable } from '../access/ask-table.ts'
import { carry } from '../access/carry.ts'
import { judge } from '../access/judge.ts'
import { fromProbe, sessionFlags } from '../access/probes.ts'
import { tightenedBy } from '../access/tightened.ts'
import { channelConfig } from '../channels.ts'
import { silent } from '../saying.ts'
import type { MailContext, Stage } from '../stage.ts'

const NAME = 'FROM_ACCESS'
const SILENT = silent({ by: 'table', table: NAME })

export const fromAccess: Stage<MailContext> = {
  name: NAME,
  decides: 'may this sender send',
  reference: 'spec access-control.md 5',
  judge: ({ revision }) => (hasTable(revision, NAME) ? undefined : SILENT),
  *run(context) {
    const { revision, reversePath } = context
    const answer = yield* askTable(revision, NAME, fromProbe(context).text, sessionFlags(context))
    if (answer === undefined) return SILENT
    const { verdict, said, by, trace, rule } = yield* judge('from', answer, reversePath ?? '<>', context)
    const { sender, ...others } = said
    // 3.2: `$K` needs the keyword authrewrite on the source channel.
    const counts = sender === undefined || rewrites(context) ? said : others
    const { carried, dropped } = carry('from', context.carried, counts, rule)
    const from = said.from === undefined ? undefined : said.from.path
    const notes = [
      ...(from === undefined ? [] : [`sender ${shown(reversePath)} becomes ${shown(from)}`]),
      ...(counts === said ? [] : ['$K is ignored: the channel does not say authRewrite']),
      ...(dropped.length === 0 ? [] : [`no room for ${dropped.join(' ')}`]),
    ]
    return {
      verdict,
      by,
      tables: [trace],
      ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
      ...(answer.kind === 'answered' && answer.result.matched
        ? {
            context: {
              ...context,
              carried,
              ...(from === undefined ? {} : { reversePath: from, typedReversePath: reversePath }),
              ...(said.limits === undefined ? {} : { tightened: tightenedBy(said.limits, by) }),
            },
          }
        : {}),
    }
  },
}

const shown = (path: ReversePath): string => path ?? '<>'

function rewrites({ revision, source }: MailContext): boolean {
  const channel = channelConfig(revision, source)
  return 'authRewrite' in channel && channel.authRewrite
}
