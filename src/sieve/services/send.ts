// SPDX-License-Identifier: Apache-2.0
/** Hands a message to the submission service: everything before `commit` can still be called off. */
import type { Execution, OutgoingRecipient, Started } from './services.ts'

export async function startSending(
  { services: { submission } }: Execution,
  from: string,
  recipients: readonly OutgoingRecipient[],
  content: Uint8Array,
): Promise<Started> {
  if (submission === undefined) return { kind: 'failed', error: 'nothing here sends mail' }
  const outgoing = await submission.start(from)
  try {
    for (const recipient of recipients) await outgoing.rcpt(recipient)
    await outgoing.data(content)
  } catch (error) {
    await outgoing.abort()
    return { kind: 'failed', error: error instanceof Error ? error.message : String(error) }
  }
  return { kind: 'started', commit: () => outgoing.finish(), rollback: () => outgoing.abort() }
}

/** Two things that happen together. A copy that fails does not stop what it is a copy of (RFC 8580 §3.1). */
export function together(first: Started, second: Started | undefined): Started {
  if (first.kind !== 'started' || second?.kind !== 'started') return first
  return {
    kind: 'started',
    commit: async () => {
      await first.commit()
      await second.commit()
    },
    rollback: async () => {
      await second.rollback()
      await first.rollback()
    },
  }
}
