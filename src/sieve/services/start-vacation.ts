// SPDX-License-Identifier: Apache-2.0
/** Carries out `vacation`: asks the memory, sends the reply, remembers the sender. Nothing is ever sent to the null sender. */
import { createHash } from 'node:crypto'
import { type Action, isAction } from '../action.ts'
import { composeVacation } from './compose.ts'
import { startSending, together } from './send.ts'
import type { Execution, Started } from './services.ts'
import { startFcc } from './start-store.ts'

/** What is remembered of an answered sender: by owner, sender and handle (RFC 5230 §4.2). */
export const vacationKey = (owner: string, sender: string, handle: string): string =>
  createHash('sha256')
    .update(JSON.stringify([owner.toLowerCase(), sender.toLowerCase(), handle]))
    .digest('hex')

export async function startVacation(action: Action, execution: Execution): Promise<Started> {
  if (!isAction(action, 'vacation')) return { kind: 'failed', error: 'not a vacation' }
  const { args, message } = action
  if (args.suppressed !== undefined) return { kind: 'skipped', reason: args.suppressed }
  if (args.to === '') return { kind: 'skipped', reason: 'the sender is null' }
  const { vacation: memory } = execution.services
  const key = vacationKey(execution.owner[0] ?? execution.envelope.to ?? '', args.to, args.handle)
  // RFC 6131 §2: 0 seconds is a reply to every message.
  if (args.seconds > 0) {
    if (memory === undefined) return { kind: 'failed', error: 'nothing here remembers whom a reply was sent to' }
    if (await memory.check(key)) return { kind: 'skipped', reason: `${args.to} had this reply already` }
  }
  const content = composeVacation(args, message, execution)
  // §5.1: the reply's own sender is null, and no notification is asked for, so that nothing comes back.
  const sending = await startSending(execution, '', [{ address: args.to, notify: ['NEVER'] }], content)
  const both = together(sending, await startFcc(execution, args.fcc, content))
  if (both.kind !== 'started' || args.seconds === 0) return both
  return {
    kind: 'started',
    commit: async () => {
      // Remembered first: a reply too few is better than one too many.
      await memory?.mark(key, args.seconds)
      await both.commit()
    },
    rollback: () => both.rollback(),
  }
}
