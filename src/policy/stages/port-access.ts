// SPDX-License-Identifier: Apache-2.0
/**
 * PORT_ACCESS: may this client connect? Asked as the connection comes, with input flag A, and once more by the session
 * where AUTH is possible, without it: spec access-control.md 2.1, 4, 12.
 */
import type { Asking } from '../../ask/ask.ts'
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Reply } from '../../smtp/reply.ts'
import { askTable } from '../access/ask-table.ts'
import { type Interpretation, interpret } from '../access/interpret.ts'
import { note, tell } from '../access/judge.ts'
import { portProbe } from '../access/probes.ts'
import { portRefusal, secondPortRefusal, UNDECIDED_CONNECTION } from '../access/replies.ts'
import { channelConfig } from '../channels.ts'
import type { SessionContext, Stage, StageResult } from '../stage.ts'

const NAME = 'PORT_ACCESS'

export const portAccess: Stage<SessionContext> = {
  name: NAME,
  decides: 'may this client connect',
  reference: 'spec access-control.md 4',
  run: (context) => askPort(context, 'A', portRefusal),
}

export const portAccessInSession: Stage<SessionContext> = {
  name: `${NAME} in the session`,
  decides: 'the same, where the client may sign in',
  reference: 'spec access-control.md 4, 12',
  *run(context) {
    const channel = channelConfig(context.revision, context.source)
    if (!('sasl' in channel) || channel.sasl === 'none')
      return { verdict: { do: 'pass' }, by: { by: 'table', table: NAME }, silent: true }
    return yield* askPort(context, '', secondPortRefusal)
  },
}

function* askPort(
  context: SessionContext,
  input: string,
  refusal: (text: string) => Reply,
): Asking<StageResult<SessionContext>> {
  const { revision } = context
  const answer = yield* askTable(revision, NAME, portProbe(context), input)
  if (answer === undefined) return { verdict: { do: 'pass' }, by: { by: 'table', table: NAME }, silent: true }
  const { by, trace } = answer
  if (answer.kind === 'deferred')
    return { verdict: { do: 'refuse', reply: UNDECIDED_CONNECTION, close: true }, by, tables: [trace] }
  const { matched, failed, output, flags } = answer.result
  if (!matched || failed) return { verdict: { do: 'pass' }, by, tables: [trace] }
  const said = interpret('port', output, flags)
  yield* tell(said, said.refuse !== undefined, by, context)
  yield* recordConnection(context, said, by)
  const tables = [said.warnings.length === 0 ? trace : { ...trace, warnings: said.warnings }]
  if (said.refuse !== undefined)
    return { verdict: { do: 'refuse', reply: refusal(said.refuse.text), close: true }, by, tables }
  return { verdict: { do: 'pass' }, by, tables }
}

/** Bits of LOG_CONNECTION: spec access-control.md 4. */
const RECORD_REFUSALS = 2
const RECORD_TEXTS = 16

function* recordConnection(context: SessionContext, said: Interpretation, by: DecidedBy): Asking<void> {
  const { logConnection } = context.revision.config.access
  if ((logConnection & RECORD_REFUSALS) !== 0 && said.record === true && said.refuse !== undefined)
    yield* note('connection', `T ${portProbe(context)} ${said.refuse.text}`, by, context)
  if ((logConnection & RECORD_TEXTS) !== 0 && said.connectionText !== undefined)
    yield* note('connection', `C ${portProbe(context)} ${said.connectionText}`, by, context)
}
