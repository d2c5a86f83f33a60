// SPDX-License-Identifier: Apache-2.0
/** The envelope is complete: DATA or the first BDAT has come, and nothing of the content. */
import type { Asking } from '../ask/ask.ts'
import { runStages } from '../policy/run-stages.ts'
import type { EnvelopeContext } from '../policy/stage.ts'
import { STAGES } from '../policy/stages.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Session } from './session.ts'
import type { Transaction } from './state.ts'

/** The reply that ends the transaction here, if there is one. */
export function* judgeEnvelope(session: Session, transaction: Transaction): Asking<Reply | undefined> {
  const { context, recipients, acceptedCommands, presented, trace } = transaction
  const start: EnvelopeContext = {
    ...context,
    counts: session.counts,
    recipients,
    acceptedCommands: acceptedCommands.length,
    presented,
  }
  const { verdict } = yield* runStages('envelope', STAGES.envelope, start, trace)
  if (verdict.do === 'refuse') return verdict.reply
  if (verdict.do !== 'pass') throw new Error(`an envelope cannot be judged ${verdict.do} yet`)
  return undefined
}
