// SPDX-License-Identifier: Apache-2.0
/** Carries out `keep` and `fileinto`, and puts copies of what was sent into a mailbox (RFC 8580). */
import { type Action, type FccArgs, isAction } from '../action.ts'
import type { Execution, MailStore, Started } from './services.ts'

interface Target {
  readonly mailbox: string
  readonly create: boolean
  readonly specialUse?: string
  readonly mailboxId?: string
}

/** RFC 9042 §4, then RFC 8579 §4: an identifier or an attribute leads elsewhere when there is such a mailbox. */
async function resolve(store: MailStore, { mailbox, create, specialUse, mailboxId }: Target): Promise<string> {
  if (mailboxId !== undefined) {
    const found = await store.byId(mailboxId)
    if (found.kind === 'found') return found.value
  }
  if (specialUse !== undefined) {
    const found = await store.specialUse(specialUse)
    if (found.kind === 'found') return found.value
  }
  const there = await store.exists(mailbox)
  if (there.kind === 'found') return there.value
  if (there.kind === 'defer') throw new Error(there.cause)
  if (!create) throw new Error(`there is no mailbox ${mailbox}`)
  await store.create(mailbox, specialUse)
  return mailbox
}

export async function storeInto(
  { services: { store } }: Execution,
  target: Target,
  content: Uint8Array,
  flags: readonly string[],
): Promise<Started> {
  if (store === undefined) return { kind: 'failed', error: 'nothing here stores mail' }
  try {
    const transaction = await store.append(await resolve(store, target), content, flags)
    return { kind: 'started', commit: () => transaction.commit(), rollback: () => transaction.rollback() }
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? error.message : String(error) }
  }
}

export async function startStore(action: Action, execution: Execution): Promise<Started> {
  const inbox = { mailbox: execution.inbox, create: true }
  const target = isAction(action, 'fileinto') ? action.args : inbox
  const { flags = [] } = isAction(action, 'fileinto') || isAction(action, 'keep') ? action.args : {}
  return storeInto(execution, target, action.message.bytes(), flags)
}

/** The copy of something sent, where a script wants one. */
export async function startFcc(
  execution: Execution,
  fcc: FccArgs | undefined,
  content: Uint8Array,
): Promise<Started | undefined> {
  return fcc === undefined ? undefined : storeInto(execution, fcc, content, fcc.flags ?? [])
}
