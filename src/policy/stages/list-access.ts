// SPDX-License-Identifier: Apache-2.0
/**
 * May this sender post to the list? Conditions, moderators and holds that the alias file gives a list, spec
 * access-control.md 11. Every list that the address leads through counts: an alias around a list is no way round it.
 *
 * [U] A table is asked with the sender alone, or with what INCLUDE_CONNECTIONINFO puts in front; `$Y` is yes, anything
 * else no. A table or a list of addresses that is not there puts the posting off: nobody is let in because of it.
 */
import { addressKey } from '../../address/path.ts'
import type { Asking } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { ListAccess, ListClause, SenderTest } from '../../ask/list-access.ts'
import { reply } from '../../smtp/reply.ts'
import { askTable } from '../access/ask-table.ts'
import { returnForm } from '../access/options.ts'
import { listProbe, sessionFlags } from '../access/probes.ts'
import { accessRefusal, UNDECIDED } from '../access/replies.ts'
import { placeOwnMail } from '../own-mail.ts'
import { silent } from '../saying.ts'
import type { ListOnTheWay, RcptContext, Stage, StageResult } from '../stage.ts'
import type { TableTrace } from '../trace.ts'

const NAME = 'list access'
const NO_LISTS = silent({ by: 'built-in', rule: 'lists of the alias file' })

export const listAccess: Stage<RcptContext> = {
  name: NAME,
  decides: 'may this sender post here',
  reference: 'spec access-control.md 11',
  judge: ({ lists = [] }) => (lists.length === 0 ? NO_LISTS : undefined),
  *run(context) {
    const { lists = [] } = context
    let last: StageResult<RcptContext> = NO_LISTS
    for (const list of lists) {
      const result = yield* new Posting(context, list).judge()
      if (result.verdict.do !== 'pass' || result.context !== undefined) return result
      last = result
    }
    return last
  },
}

/** Bits of INCLUDE_CONNECTIONINFO: spec access-control.md 11. */
const CONNECTION = { auth: 1, moderator: 2, cant: 4, hold: 32, noHold: 64 } as const

type Answer = 'yes' | 'no' | { readonly undecided: string }

class Posting {
  readonly #context: RcptContext
  readonly #access: ListAccess
  readonly #name: string
  #by: DecidedBy
  readonly #tables: TableTrace[] = []

  constructor(context: RcptContext, { entry, at, access }: ListOnTheWay) {
    this.#context = context
    this.#access = access
    this.#name = entry
    this.#by = { by: 'directory', entry, ...(at === undefined ? {} : { at }) }
  }

  *judge(): Asking<StageResult<RcptContext>> {
    const { revision, given } = this.#context
    const may = yield* this.#clauses()
    if (typeof may !== 'string') return this.#result(UNDECIDED_VERDICT, may.undecided)
    if (may === 'no') {
      const refusal = accessRefusal({ refuse: { text: '' } }, given, revision.config.access)
      return this.#result({ do: 'refuse', reply: refusal }, `the sender may not post to ${this.#name}`)
    }
    const direct = yield* this.#isModerator()
    if (typeof direct !== 'string') return this.#result(UNDECIDED_VERDICT, direct.undecided)
    if (direct === 'no') return yield* this.#toModerator()
    return yield* this.#held()
  }

  *#clauses(): Asking<Answer> {
    const { orClauses } = this.#context.revision.config.access
    let so: Answer | undefined
    for (const { kind, test, joined = orClauses ? 'or' : 'and' } of this.#access.clauses) {
      // Decided already: what follows in this way cannot change it.
      if (so !== undefined && (joined === 'or' ? so === 'yes' : so === 'no')) continue
      const answer = yield* this.#clause(kind, test)
      if (typeof answer !== 'string') return answer
      so = answer
    }
    return so ?? 'yes'
  }

  *#clause(kind: ListClause['kind'], test: SenderTest): Asking<Answer> {
    const answer = yield* this.#test(test, kind)
    if (kind === 'auth' || typeof answer !== 'string') return answer
    return answer === 'yes' ? 'no' : 'yes'
  }

  /** Whoever is named posts directly; where nobody is, everybody does. */
  *#isModerator(): Asking<Answer> {
    const { moderator, moderators } = this.#access
    if (moderator === undefined && moderators.length === 0) return 'yes'
    const own: readonly SenderTest[] = moderator === undefined ? [] : [{ addresses: [moderator] }]
    for (const test of [...own, ...moderators]) {
      const answer = yield* this.#test(test, 'moderator')
      if (answer !== 'no') return answer
    }
    return 'no'
  }

  *#toModerator(): Asking<StageResult<RcptContext>> {
    const { revision, given } = this.#context
    const { moderator } = this.#access
    if (moderator === undefined) {
      const refusal = accessRefusal({ refuse: { text: '' } }, given, revision.config.access)
      return this.#result({ do: 'refuse', reply: refusal }, `only moderators post to ${this.#name}`)
    }
    const placed = yield* placeOwnMail(revision, moderator)
    if (placed.problem !== undefined) {
      const why = `the moderator ${moderator}: ${placed.problem.reason}`
      return this.#result({ do: 'refuse', reply: NO_MODERATOR }, why)
    }
    const becomes = placed.recipients.map((recipient) => ({ ...recipient, given }))
    const { members: _, ...context } = this.#context
    return {
      ...this.#result({ do: 'pass' }, `goes to the moderator ${moderator}`),
      context: { ...context, becomes },
    }
  }

  *#held(): Asking<StageResult<RcptContext>> {
    const { hold, noHold } = this.#access
    if (hold === undefined) return this.#result({ do: 'pass' }, undefined)
    const held = yield* this.#test({ mapping: hold }, 'hold')
    if (typeof held !== 'string') return this.#result(UNDECIDED_VERDICT, held.undecided)
    const free = held === 'no' || noHold === undefined ? 'no' : yield* this.#test({ mapping: noHold }, 'noHold')
    if (typeof free !== 'string') return this.#result(UNDECIDED_VERDICT, free.undecided)
    if (held === 'no' || free === 'yes') return this.#result({ do: 'pass' }, undefined)
    return this.#result({ do: 'hold', reason: `${this.#name}: ${hold}` }, undefined)
  }

  *#test(test: SenderTest, what: keyof typeof CONNECTION): Asking<Answer> {
    if ('unknown' in test) return { undecided: test.unknown }
    if ('addresses' in test) return this.#isAmong(test.addresses) ? 'yes' : 'no'
    const { revision } = this.#context
    const withConnection = (revision.config.access.connectionInfo & CONNECTION[what]) !== 0
    const probe = listProbe(this.#context, withConnection)
    const answer = yield* askTable(revision, test.mapping, probe.text, sessionFlags(this.#context))
    if (answer === undefined) return { undecided: `${this.#name} names the table ${test.mapping}, which is not there` }
    this.#by = answer.by
    this.#tables.push(answer.trace)
    if (answer.kind === 'deferred') return { undecided: answer.cause }
    const { matched, failed, flags } = answer.result
    return matched && !failed && flags.includes('Y') && !flags.includes('N') ? 'yes' : 'no'
  }

  #isAmong(addresses: readonly string[]): boolean {
    const { revision, account, reversePath, typedReversePath } = this.#context
    const form = returnForm(revision.config.access, 'lists')
    const path =
      form === 'auth' && account !== undefined
        ? (account.addresses[0] ?? null)
        : form === 'orig' && typedReversePath !== undefined
          ? typedReversePath
          : reversePath
    if (path === null) return false
    const key = addressKey(path)
    const domain = key.slice(key.lastIndexOf('@'))
    return addresses.some((one) => addressKey(one) === key || one.toLowerCase() === domain)
  }

  #result(verdict: StageResult<RcptContext>['verdict'], note: string | undefined): StageResult<RcptContext> {
    return {
      verdict,
      by: this.#by,
      ...(note === undefined ? {} : { note }),
      ...(this.#tables.length === 0 ? {} : { tables: this.#tables }),
    }
  }
}

const UNDECIDED_VERDICT = { do: 'refuse', reply: UNDECIDED } as const
/** RFC 3463 X.2.4: mailing list expansion problem. */
const NO_MODERATOR = reply(450, '2.4', 'The moderator of the list cannot be reached, try again later')
