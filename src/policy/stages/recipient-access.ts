// SPDX-License-Identifier: Apache-2.0
/**
 * The four tables that are asked about a recipient: ORIG_SEND_ACCESS and ORIG_MAIL_ACCESS about the address before
 * aliases, SEND_ACCESS and MAIL_ACCESS about each one that it becomes. Spec access-control.md 1, 2.3 to 2.5, 3.
 *
 * Members of an alias, [U]: one that is refused is dropped; where none is left, the first refusal is the answer. One that
 * is put off puts the whole recipient off, for a member that was dropped would never hear of the message.
 */
import type { Asking } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import { type Carried, NOTHING_CARRIED } from '../../envelope/carried.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import { isTransient } from '../../smtp/reply.ts'
import { askTable, hasTable, rowPlace } from '../access/ask-table.ts'
import { carry } from '../access/carry.ts'
import { type Judgement, judge } from '../access/judge.ts'
import type { RecipientTable } from '../access/options.ts'
import { recipientFlags, recipientProbe, type Target } from '../access/probes.ts'
import { silent } from '../saying.ts'
import type { RcptContext, Stage, StageResult, Verdict } from '../stage.ts'
import type { TableTrace } from '../trace.ts'

export const origSendAccess = beforeAliases('ORIG_SEND_ACCESS', 'may this sender reach this address', '2.3')
export const origMailAccess = beforeAliases('ORIG_MAIL_ACCESS', 'the same, by connection', '2.4')
export const sendAccess = afterAliases('SEND_ACCESS', 'may this sender reach what the address stands for', '2.3')
export const mailAccess = afterAliases('MAIL_ACCESS', 'the same, by connection', '2.4')

const BITBUCKET = 'bitbucket' as ChannelName
/** Tables shown in the step of one recipient. */
const MAX_SHOWN = 20

function beforeAliases(table: RecipientTable, decides: string, section: string): Stage<RcptContext> {
  const says = silent({ by: 'table', table })
  return {
    name: table,
    decides,
    reference: `spec access-control.md ${section}`,
    judge: ({ revision }) => (hasTable(revision, table) ? undefined : says),
    *run(context) {
      const { route, address } = context
      if (route === undefined) throw new Error('access is asked after routing')
      const tags = [...(context.carried?.asked.tags ?? []), ...(context.tags ?? [])]
      const asked = yield* judgeOne(table, context, { channel: route.channel, address, tags })
      if (asked === undefined) return says
      const { judgement, matched } = asked
      const { verdict, said, by, trace, rule } = judgement
      if (!matched) return { verdict, by, tables: [trace] }
      const { carried, dropped } = carry('recipient', context.carried, said, rule)
      const mine = [...new Set([...(context.tags ?? []), ...(said.tags ?? [])])]
      return {
        verdict,
        by,
        tables: [trace],
        ...(dropped.length === 0 ? {} : { note: `no room for ${dropped.join(' ')}` }),
        context: {
          ...context,
          carried: verdict.do === 'refuse' ? delayOnly(context, carried) : carried,
          ...(mine.length === 0 ? {} : { tags: mine }),
          ...allowed(context, asked),
        },
      }
    },
  }
}

function afterAliases(table: RecipientTable, decides: string, section: string): Stage<RcptContext> {
  const says = silent({ by: 'table', table })
  return {
    name: table,
    decides,
    reference: `spec access-control.md ${section}`,
    judge: ({ revision }) => (hasTable(revision, table) ? undefined : says),
    *run(start) {
      const walk = new Members(table, start)
      for (const member of start.members ?? start.becomes ?? []) {
        const tags = [...(walk.context.carried?.asked.tags ?? []), ...(start.tags ?? []), ...(member.tags ?? [])]
        const asked = yield* judgeOne(table, walk.context, { channel: member.channel, address: member.address, tags })
        if (asked !== undefined) walk.take(member, asked)
        if (walk.over) break
      }
      return walk.result()
    },
  }
}

type Member = NonNullable<RcptContext['becomes']>[number]

interface AskedOne {
  readonly judgement: Judgement
  readonly matched: boolean
  /** The row says `$Y`, and no sender could have shifted its fields. */
  readonly allows: boolean
}

function* judgeOne(table: RecipientTable, context: RcptContext, target: Target): Asking<AskedOne | undefined> {
  const probe = recipientProbe(table, context, target)
  const answer = yield* askTable(context.revision, table, probe.text, recipientFlags(context))
  if (answer === undefined) return undefined
  const judgement = yield* judge('recipient', answer, context.given, context)
  return {
    judgement,
    matched: answer.kind === 'answered' && answer.result.matched,
    allows: judgement.said.allow === true && judgement.verdict.do !== 'refuse' && !probe.forged,
  }
}

/** What the members of one recipient come to. */
class Members {
  context: RcptContext
  readonly #table: RecipientTable
  readonly #kept: Member[] = []
  readonly #traces: TableTrace[] = []
  readonly #notes: string[] = []
  #asked = 0
  #changed = false
  #by: DecidedBy
  #refusal: Judgement | undefined
  #deferral: Judgement | undefined
  #other: Judgement | undefined

  constructor(table: RecipientTable, context: RcptContext) {
    this.#table = table
    this.context = context
    this.#by = { by: 'table', table }
  }

  /** Nothing that comes could change the answer. */
  get over(): boolean {
    return this.#deferral !== undefined || (this.#other?.verdict.do === 'discard' && this.#other.verdict.all === true)
  }

  take(member: Member, asked: AskedOne): void {
    const { judgement, matched } = asked
    const { verdict, said, by, trace, rule } = judgement
    this.#asked++
    if (this.#traces.length < MAX_SHOWN && (matched || this.#traces.length === 0)) this.#traces.push(trace)
    if (matched) {
      this.#by = by
      const { carried, dropped } = carry('recipient', this.context.carried, said, rule)
      if (dropped.length > 0) this.#notes.push(`no room for ${dropped.join(' ')}`)
      const after = verdict.do === 'refuse' ? delayOnly(this.context, carried) : carried
      this.context = { ...this.context, carried: after, ...allowed(this.context, asked) }
    }
    if (verdict.do === 'refuse') {
      this.#changed = true
      if (isTransient(verdict.reply)) this.#deferral ??= judgement
      else this.#refusal ??= judgement
      this.#notes.push(`${member.address} is refused by ${rowPlace(by)}`)
      return
    }
    this.#kept.push(this.#marked(member, judgement))
    if (verdict.do === 'hold' || (verdict.do === 'discard' && verdict.all === true)) this.#other ??= judgement
  }

  result(): StageResult<RcptContext> {
    const tables = this.#traces
    const note = this.#notes.length === 0 ? {} : { note: shortened(this.#notes) }
    const refused = this.#deferral ?? (this.#kept.length === 0 ? this.#refusal : undefined)
    if (refused !== undefined)
      return { verdict: refused.verdict, by: refused.by, tables, context: this.context, ...note }
    const verdict: Verdict = this.#other?.verdict ?? { do: 'pass' }
    const by = this.#other?.by ?? this.#by
    if (this.#asked === 0) return { ...silent({ by: 'table', table: this.#table }), context: this.context }
    // Who is not all of the alias cannot be left to be expanded when it is delivered.
    const { members: _, ...context } = this.context
    const after = this.#changed ? { ...context, becomes: this.#kept } : this.context
    return { verdict, by, tables, context: after, ...note }
  }

  #marked(member: Member, { verdict, said, rule }: Judgement): Member {
    const thrown = verdict.do === 'discard' && verdict.all !== true
    if (!thrown && said.tags === undefined) return member
    this.#changed = true
    const tags = said.tags === undefined ? {} : { tags: [...new Set([...(member.tags ?? []), ...said.tags])] }
    return { ...member, ...tags, ...(thrown ? { channel: BITBUCKET, via: rule } : {}) }
  }
}

/** Of a row that refuses, nothing else comes to pass. */
const delayOnly = ({ carried = NOTHING_CARRIED }: RcptContext, { delayMs, debug }: Carried): Carried => ({
  ...carried,
  delayMs,
  debug,
})

const allowed = (context: RcptContext, { allows, judgement }: AskedOne): Pick<RcptContext, 'allowedBy'> =>
  allows && context.allowedBy === undefined ? { allowedBy: judgement.by } : {}

const MAX_NOTES = 10
const shortened = (notes: readonly string[]): string =>
  notes.length <= MAX_NOTES
    ? notes.join('; ')
    : `${notes.slice(0, MAX_NOTES).join('; ')} and ${notes.length - MAX_NOTES} more`
