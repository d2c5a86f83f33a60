// SPDX-License-Identifier: Apache-2.0
/**
 * A queue as files for people and other programs: for each message `ID.eml`, its content as it was received (RFC 5322),
 * and `ID.json`, its envelope and the state of every recipient. The envelope's edits (our `Received:` among them) are in
 * the envelope, not in the content. For backup, and for a change of the store's format.
 */
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Envelope } from '../../envelope/envelope.ts'
import type { RecipientState } from '../../envelope/ledger.ts'
import { parseMessageId } from '../../envelope/message-id.ts'
import type { QueuedMessage, QueueStore } from '../store.ts'
import { isFinished } from '../totals.ts'
import type { LogStore } from './log-store.ts'

const FORMAT = 1

/** How many messages were written. Files that are there already are written anew. */
export async function exportQueue(store: QueueStore, directory: string): Promise<number> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  let count = 0
  for await (const { envelope, recipients } of store.messages()) {
    await write(join(directory, `${envelope.id}.eml`), store.content(envelope.id))
    // Last: a message without it is not taken in.
    const about = { format: FORMAT, envelope, states: [...recipients.values()] }
    await write(join(directory, `${envelope.id}.json`), [Buffer.from(`${JSON.stringify(about, undefined, 2)}\n`)])
    count++
  }
  return count
}

async function write(path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    for await (const piece of pieces) await file.writeFile(piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

export interface Taken {
  readonly id: string
  /** Why it was left out; absent: it is in the queue now. */
  readonly skipped?: string
}

/**
 * Takes in what exportQueue() wrote, one message after the other. What is queued already is left out, so that it may be
 * done again. Rejects when the disk refuses.
 * @param others further stores in which a message may be already
 */
export async function* importQueue(
  store: LogStore,
  directory: string,
  others: readonly QueueStore[] = [],
): AsyncGenerator<Taken> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort()
  for (const name of names) {
    const id = name.slice(0, -'.json'.length)
    const message = readMessage(await readFile(join(directory, name), 'utf8'))
    const content = join(directory, `${id}.eml`)
    const skipped =
      message === undefined || message.envelope.id !== id || parseMessageId(id) === undefined
        ? `${name} is not what an export wrote`
        : [store, ...others].some((each) => each.entry(message.envelope.id) !== undefined)
          ? 'it is in the queue already'
          : isFinished(message)
            ? 'none of its recipients waits'
            : (await sizeOf(content)) !== message.envelope.size
              ? `${id}.eml is not its content: another length`
              : undefined
    if (skipped !== undefined || message === undefined) {
      yield { id, skipped: skipped ?? '' }
      continue
    }
    await store.takeIn(message, createReadStream(content))
    yield { id }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}

const Recipient = z.looseObject({ index: z.int(), address: z.string(), given: z.string(), channel: z.string() })
const Exported = z.object({
  format: z.literal(FORMAT),
  envelope: z.looseObject({
    id: z.string(),
    reversePath: z.string().nullable(),
    receivedAt: z.number(),
    source: z.string(),
    origin: z.looseObject({ session: z.string(), protocol: z.string() }),
    revision: z.string(),
    smtputf8: z.boolean(),
    body: z.enum(['7bit', '8bit']),
    size: z.int(),
    edits: z.array(
      z.union([
        z.object({ edit: z.literal('prepend'), field: z.string() }),
        z.object({ edit: z.literal('remove'), name: z.string() }),
      ]),
    ),
    recipients: z.array(Recipient).min(1),
  }),
  states: z.array(
    z.looseObject({ recipient: Recipient, state: z.string(), attempts: z.int(), delayNotified: z.boolean() }),
  ),
})

function readMessage(text: string): QueuedMessage | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const read = Exported.safeParse(value)
  if (!read.success) return undefined
  // The form was checked; that its values are what we once wrote is for the operator to know.
  const envelope = read.data.envelope as unknown as Envelope
  const states = read.data.states as unknown as readonly RecipientState[]
  return { envelope, recipients: new Map(states.map((state) => [state.recipient.index, state])) }
}
