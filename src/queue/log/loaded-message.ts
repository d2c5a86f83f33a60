// SPDX-License-Identifier: Apache-2.0
/** A message put together from its records. */

import type { QueuedMessage } from '../store.ts'
import { statesAtCommit } from '../totals.ts'
import type { ContentFile } from './change.ts'
import type { Kept } from './messages.ts'
import { DamagedRecord, type Reader } from './reader.ts'

export interface LoadedMessage {
  readonly message: QueuedMessage
  /** Empty when it lies in `file`. */
  readonly content: Buffer
  readonly file?: ContentFile
}

/** @throws DamagedRecord; another error when the disk fails */
export async function loadMessage(reader: Reader, { entry: { id }, base, later }: Kept): Promise<LoadedMessage> {
  const { change, content } = await reader.read(base)
  if (change.kind !== 'message' || change.id !== id) throw misplaced(id)
  const { envelope, states, file } = change
  const recipients =
    states === undefined ? statesAtCommit(envelope) : new Map(states.map((state) => [state.recipient.index, state]))
  for (const span of later) {
    const { change: more } = await reader.read(span)
    if (more.id !== id || (more.kind !== 'states' && more.kind !== 'place')) throw misplaced(id)
    for (const state of more.states ?? []) recipients.set(state.recipient.index, state)
  }
  return { message: { envelope, recipients }, content, ...(file === undefined ? {} : { file }) }
}

const misplaced = (id: string): DamagedRecord =>
  new DamagedRecord(`something else lies in the place of ${id}`, Buffer.alloc(0))
