// SPDX-License-Identifier: Apache-2.0
/** Carries out `notify`: mail for mailto: URIs, else the notifier of the scheme. */
import { type Action, isAction } from '../action.ts'
import { parseMailto } from '../extensions/mailto.ts'
import { composeNotification } from './compose.ts'
import { startSending, together } from './send.ts'
import type { Execution, Started } from './services.ts'
import { startFcc } from './start-store.ts'

export async function startNotify(action: Action, execution: Execution): Promise<Started> {
  if (!isAction(action, 'notify')) return { kind: 'failed', error: 'not a notification' }
  const { args, message } = action
  if (args.suppressed !== undefined) return { kind: 'skipped', reason: args.suppressed }
  const scheme = args.uri.slice(0, args.uri.indexOf(':')).toLowerCase()
  if (scheme === 'mailto') {
    const mailto = parseMailto(args.uri)
    if (typeof mailto === 'string') return { kind: 'failed', error: mailto }
    const content = composeNotification(args, mailto, message, execution)
    const recipients = [...mailto.to, ...mailto.cc].map((address) => ({ address }))
    // RFC 5436 §2.1: the envelope sender of the message that is told of is not used; null ends loops.
    const sending = await startSending(execution, '', recipients, content)
    return together(sending, await startFcc(execution, args.fcc, content))
  }
  const notifier = execution.services.notifiers?.find((one) => one.scheme === scheme)
  if (notifier === undefined) return { kind: 'failed', error: `nothing notifies by ${scheme}:` }
  const { uri, from, importance, options } = args
  const told = args.message ?? message.fieldsNamed('subject')[0]?.decoded ?? ''
  return {
    kind: 'started',
    commit: () => notifier.notify({ uri, importance, options, message: told, ...(from === undefined ? {} : { from }) }),
    rollback: async () => undefined,
  }
}
