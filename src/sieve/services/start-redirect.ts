// SPDX-License-Identifier: Apache-2.0
/** Carries out `redirect`: the envelope sender stays, the null sender stays null (RFC 5228 §4.2). */
import { type Action, isAction } from '../action.ts'
import { startSending } from './send.ts'
import type { Execution, Started } from './services.ts'

/** Members of a list that one redirect writes to: it is no list server (RFC 6134 §3). */
const MAX_MEMBERS = 50

export async function startRedirect(action: Action, execution: Execution): Promise<Started> {
  if (!isAction(action, 'redirect')) return { kind: 'failed', error: 'not a redirect' }
  const { address, list, copy: _copy, ...options } = action.args
  const addresses = list ? await execution.services.lists?.members(address) : [address]
  if (addresses === undefined) return { kind: 'failed', error: 'nothing here knows lists' }
  if (addresses.length > MAX_MEMBERS) return { kind: 'failed', error: `more than ${MAX_MEMBERS} members in ${address}` }
  const recipients = addresses.map((to) => ({ address: to, ...options }))
  return startSending(execution, execution.envelope.from ?? '', recipients, action.message.bytes())
}
