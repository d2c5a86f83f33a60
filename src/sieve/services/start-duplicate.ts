// SPDX-License-Identifier: Apache-2.0
/** Remembers an identifier, RFC 7352; `executeActions` does so last, when everything else was done. */
import { type Action, isAction } from '../action.ts'
import type { Execution, Started } from './services.ts'

export async function startDuplicate(action: Action, { services: { duplicates } }: Execution): Promise<Started> {
  if (!isAction(action, 'duplicate')) return { kind: 'failed', error: 'not a duplicate' }
  if (duplicates === undefined) return { kind: 'failed', error: 'nothing here remembers' }
  const { id, seconds } = action.args
  return { kind: 'started', commit: async () => duplicates.mark(id, seconds), rollback: async () => undefined }
}
