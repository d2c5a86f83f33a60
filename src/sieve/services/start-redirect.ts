// SPDX-License-Identifier: Apache-2.0
/** Carries out `redirect`: the envelope sender stays, the null sender stays null (RFC 5228 §4.2). */
import { type Action, isAction } from '../action.ts'
import { startSending } from './send.ts'
import type { Execution, Started } from './services.ts'

export async function startRedirect(action: Action, execution: Execution): Promise<Started> {
  if (!isAction(action, 'redirect')) return { kind: 'failed', error: 'not a redirect' }
  const { address, members = [address], copy: _copy, ...options } = action.args
  const recipients = members.map((to) => ({ address: to, ...options }))
  return startSending(execution, execution.envelope.from ?? '', recipients, action.message.bytes())
}
