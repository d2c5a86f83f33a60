// SPDX-License-Identifier: Apache-2.0
/**
 * What a record of the log says: a change of the queue, about one message. Payloads are JSON, so that a person can read
 * a damaged log; that of a message is the length of its JSON, the JSON, and the content as it was received, unless that
 * lies in a file of its own. A record holds states, not events: reading it twice does no harm.
 */
import type { Envelope } from '../../envelope/envelope.ts'
import type { RecipientState } from '../../envelope/ledger.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import type { LedgerTotals, QueueEntry } from '../store.ts'
import type { NewRecord } from './group.ts'
import type { Span } from './position.ts'

/** A content too large to lie in the log. */
export interface ContentFile {
  /** `FOLDER/NAME`, seen from the queue's directory. */
  readonly path: string
  readonly bytes: number
  /** CRC-32 */
  readonly crc: number
}

/** What a change adds to the totals. */
export type Sum = Partial<LedgerTotals>

export type Change = { readonly id: MessageId } & (
  | {
      readonly kind: 'message'
      readonly envelope: Envelope
      /** Of all recipients, where they are no longer what the envelope makes them at acceptance. */
      readonly states?: readonly RecipientState[]
      readonly file?: ContentFile
      /** Nothing when the message was only copied from elsewhere in the log. */
      readonly sum: Sum
    }
  /** Recipients that changed. `whole`: all of them stand here, records before this one are not needed. */
  | { readonly kind: 'states'; readonly states: readonly RecipientState[]; readonly whole: boolean; readonly sum: Sum }
  /** The message's last recipient has come to its end. */
  | { readonly kind: 'end'; readonly sum: Sum }
  /** The message lies in a segment of its own kind (compaction.ts). `states`: all, where they changed since. */
  | {
      readonly kind: 'place'
      readonly base: Span
      readonly entry: QueueEntry
      readonly file?: ContentFile
      readonly states?: readonly RecipientState[]
    }
  /** A message that can no longer be read was set aside. */
  | { readonly kind: 'lost'; readonly sum: Sum }
  /** Log segments below this one count no longer. The id is nobody's. */
  | { readonly kind: 'first'; readonly segment: number }
)

const KINDS = { message: 1, states: 2, end: 3, place: 4, lost: 5, first: 6 } as const satisfies Record<
  Change['kind'],
  number
>
const NAMES = new Map(Object.entries(KINDS).map(([name, kind]) => [kind as number, name]))
export const MESSAGE = KINDS.message

export const NOBODY = '' as MessageId

export const encodeChange = (change: Change, content: readonly Uint8Array[] = NO_CONTENT): NewRecord =>
  new ChangeRecord(change, content)

const NO_CONTENT: readonly Uint8Array[] = []

class ChangeRecord implements NewRecord {
  readonly kind: number
  readonly id: MessageId
  readonly length: number
  readonly #json: string
  readonly #jsonBytes: number
  /** Of a message. */
  readonly #content: readonly Uint8Array[]

  constructor(change: Change, content: readonly Uint8Array[]) {
    this.kind = KINDS[change.kind]
    this.id = change.id
    this.#json = JSON.stringify({ ...change, id: undefined, kind: undefined })
    this.#jsonBytes = Buffer.byteLength(this.#json)
    this.#content = content
    let length = this.#jsonBytes
    if (this.kind === MESSAGE) {
      length += 4
      for (const chunk of content) length += chunk.length
    }
    this.length = length
  }

  write(into: Buffer, at: number): void {
    if (this.kind !== MESSAGE) {
      into.write(this.#json, at)
      return
    }
    let end = into.writeUInt32BE(this.#jsonBytes, at)
    end += into.write(this.#json, end)
    for (const chunk of this.#content) {
      into.set(chunk, end)
      end += chunk.length
    }
  }
}

/** The change, and where the content of a message begins in the payload. `undefined`: no version of ours wrote this. */
export function decodeChange(
  kind: number,
  id: string,
  payload: Buffer,
): { readonly change: Change; readonly contentAt: number } | undefined {
  const name = NAMES.get(kind)
  if (name === undefined) return undefined
  const contentAt = name === 'message' ? 4 + payload.readUInt32BE(0) : payload.length
  const json = payload.subarray(name === 'message' ? 4 : 0, contentAt)
  // The record's sum vouches for what this program wrote, the format's version for its form.
  return { change: { ...JSON.parse(json.toString()), id, kind: name } as Change, contentAt }
}
