// SPDX-License-Identifier: Apache-2.0
/** The envelope is complete: DATA or the first BDAT has come, and nothing of the content. */
import type { Asking } from '../ask/ask.ts'
import { runStages } from '../policy/run-stages.ts'
import type { EnvelopeContext } from '../policy/stage.ts'
import { keyOf } from '../policy/stages/poison.ts'
import { STAGES } from '../policy/stages.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Transaction } from './state.ts'

/** The transaction as it goes on, or the reply that ends it here. */
export function* judgeEnvelope(transaction: Transaction): Asking<Transaction | { readonly refused: Reply }> {
  const { context, recipients, acceptedCommands, presented, trace } = transaction
  const { client, reversePath, declaredSize } = context
  const key = keyOf({ client, reversePath, declaredSize, recipients })
  const start: EnvelopeContext = {
    ...context,
    recipients,
    acceptedCommands: acceptedCommands.length,
    presented,
    key,
  }
  const { verdict } = yield* runStages('envelope', STAGES.envelope, start, trace)
  if (verdict.do === 'refuse') return { refused: verdict.reply }
  if (verdict.do === 'discard') throw new Error('an envelope cannot be discarded yet')
  const judged = { key, unlooked: verdict.do === 'hold' && verdict.unlooked === true }
  if (verdict.do === 'pass') return { ...transaction, judged }
  return { ...transaction, judged, hold: transaction.hold ?? { reason: verdict.reason } }
}
