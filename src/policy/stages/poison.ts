// SPDX-License-Identifier: Apache-2.0
/**
 * Has the process crashed while it took in this very message? One that it crashed at again and again is accepted
 * without a look at its content and kept for an operator: refused it would come back, looked at it would crash us once
 * more. Suspects with fewer crashes are taken in one at a time, so that the next crash accuses nobody else.
 */
import { ask } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import { CRASHES_TO_HOLD, evidence, receptionKey } from '../poison.ts'
import { Usual } from '../saying.ts'
import type { EnvelopeContext, Stage } from '../stage.ts'

const NO_CRASH = new Usual({ by: 'built-in', rule: `poison: ${CRASHES_TO_HOLD} crashes` })

export const poison: Stage<EnvelopeContext> = {
  name: 'poison',
  decides: 'has the process crashed at this message before',
  reference: 'design 2.5',
  *run(context) {
    const { crashes, othersInHand } = yield* ask({ ask: 'crashes', key: context.key ?? keyOf(context) })
    const { by } = NO_CRASH
    if (crashes.length === 0) return NO_CRASH
    const note = evidence(crashes)
    if (crashes.length >= CRASHES_TO_HOLD)
      return { verdict: { do: 'hold', reason: `poison: ${note}`, unlooked: true }, by, note }
    if (!othersInHand) return { verdict: { do: 'pass' }, by, note }
    // RFC 3463 X.3.0: other or undefined mail system status.
    return { verdict: { do: 'refuse', reply: reply(451, '3.0', 'Try again later') }, by, note }
  },
}

/** What the message is called while it is in hand. */
export const keyOf = ({
  client,
  reversePath,
  recipients,
  declaredSize,
}: Pick<EnvelopeContext, 'client' | 'reversePath' | 'recipients' | 'declaredSize'>): string =>
  receptionKey({
    clientAddress: client.address,
    reversePath,
    recipients: [...new Set(recipients.map(({ given }) => given))],
    declaredSize,
  })
