// SPDX-License-Identifier: Apache-2.0
/**
 * One answer of an access table, made into what happens now: the lines it asks to have logged, the delay of this very
 * reply, the verdict. spec access-control.md 3. What comes later is carried (carry.ts).
 */
import { type Asking, ask } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Config } from '../../config/schema.ts'
import type { MessageId, SessionId } from '../../envelope/message-id.ts'
import type { Reply } from '../../smtp/reply.ts'
import type { Verdict } from '../stage.ts'
import type { TableTrace } from '../trace.ts'
import { rowPlace, type TableAnswer } from './ask-table.ts'
import { onOneLine, type TableKind } from './flags.ts'
import { type Interpretation, interpret } from './interpret.ts'
import { accessRefusal, groupRefusal, UNDECIDED } from './replies.ts'
import { NOT_IN_GROUP_REFUSES, PRECEDENCE } from './unsure.ts'

/** Who is being judged, for log lines and delays. */
export interface Judged {
  readonly revision: { readonly config: { readonly access: Config['access'] } }
  readonly session: SessionId
  readonly id?: MessageId
  readonly client?: { readonly address: string }
}

export interface Judgement {
  /** The verdict on what was asked about; a refusal has its reply. */
  readonly verdict: Verdict
  /** What the row said; nothing counts of it where the verdict is a refusal, but its delay. */
  readonly said: Interpretation
  readonly by: DecidedBy
  readonly trace: TableTrace
  /** The rule a discard is named by. */
  readonly rule: string
}

/** A message table's answer. @param address as typed, for the reply */
export function* judge(kind: TableKind, answer: TableAnswer, address: string, whom: Judged): Asking<Judgement> {
  const { by } = answer
  const rule = rowPlace(by)
  if (answer.kind === 'deferred') {
    const said = { rest: '', warnings: [] }
    return { verdict: { do: 'refuse', reply: UNDECIDED }, said, by, trace: answer.trace, rule }
  }
  const { result } = answer
  // Not matched: the output is the probe, and means nothing. Failed: neither output nor flags count.
  const said = result.matched && !result.failed ? interpret(kind, result.output, result.flags) : SAID_NOTHING
  const refusal = yield* refusalOf(said, address, whom)
  yield* tell(said, refusal !== undefined, by, whom)
  const clamped = withinReason(said, whom.revision.config.access.maxDelay)
  if (clamped.delayMs !== undefined && clamped.delayMs < 0) yield* ask({ ask: 'wait', ms: -clamped.delayMs })
  const trace = clamped.warnings.length === 0 ? answer.trace : { ...answer.trace, warnings: clamped.warnings }
  const verdict: Verdict = refusal === undefined ? acceptance(said, rule) : { do: 'refuse', reply: refusal }
  return { verdict, said: clamped, by, trace, rule }
}

const SAID_NOTHING: Interpretation = { rest: '', warnings: [] }

function* refusalOf(said: Interpretation, address: string, whom: Judged): Asking<Reply | undefined> {
  const { access } = whom.revision.config
  if (said.refuse !== undefined) return accessRefusal(said, address, access)
  if (said.group === undefined) return undefined
  const member = yield* ask({ ask: 'system.group', ...said.group })
  if (member.kind === 'defer') return UNDECIDED
  if (member.kind === 'found' && member.value) return undefined
  return NOT_IN_GROUP_REFUSES ? groupRefusal(address, access) : undefined
}

/** What a row that refuses nothing makes of the message: 3.2, the last lines. */
function acceptance(said: Interpretation, rule: string): Verdict {
  const first = PRECEDENCE.find((effect) => said[effect] === true)
  switch (first) {
    case undefined:
      return { do: 'pass' }
    case 'hold':
      return { do: 'hold', reason: rule }
    case 'bitbucket':
      return { do: 'discard', rule }
    case 'jettison':
    case 'discard':
      return { do: 'discard', rule, all: true }
    default:
      return first satisfies never
  }
}

/** `$<`, `$>`, `$U`. */
export function* tell(said: Interpretation, refused: boolean, by: DecidedBy, whom: Judged): Asking<void> {
  if (said.syslog !== undefined) yield* note('syslog', said.syslog, by, whom)
  if (refused && said.syslogRefused !== undefined) yield* note('syslog', said.syslogRefused, by, whom)
  if (said.debug !== undefined && said.debug > 0) yield* note('debug', `level ${said.debug}`, by, whom)
}

/** 3.2: facility user, severity notice. */
const SEVERITY = {
  syslog: { facility: 'user', severity: 'notice' },
  connection: { facility: 'mail', severity: 'info' },
  debug: { facility: 'mail', severity: 'debug' },
} as const

export function* note(kind: keyof typeof SEVERITY, text: string, by: DecidedBy, whom: Judged): Asking<void> {
  const { session, id, client } = whom
  yield* ask({
    ask: 'note',
    note: {
      kind,
      ...SEVERITY[kind],
      text: onOneLine(text),
      by: rowPlace(by),
      session,
      ...(id === undefined ? {} : { message: id }),
      ...(client === undefined ? {} : { client: client.address }),
    },
  })
}

/** A row may ask for any delay; what holds a connection up is bounded. */
function withinReason(said: Interpretation, maxMs: number): Interpretation {
  const { delayMs } = said
  if (delayMs === undefined || Math.abs(delayMs) <= maxMs) return said
  const warnings = [...said.warnings, `$D: ${Math.abs(delayMs)} ms cut to access.maxDelay, ${maxMs} ms`]
  return { ...said, delayMs: Math.sign(delayMs) * maxMs, warnings }
}
