// SPDX-License-Identifier: Apache-2.0
/**
 * The journal of one message: lines of JSON, each behind the CRC-32 of its octets. The first holds the format's
 * version and the envelope (and the states, when the journal was written anew); each later one the events of one
 * `record` call. A line that ends too early, or whose sum is wrong, was never acknowledged if it is the last.
 */
import { crc32 } from 'node:zlib'
import type { Envelope } from '../envelope/envelope.ts'
import { type LedgerEvent, LedgerViolation, type RecipientState } from '../envelope/ledger.ts'
import type { QueuedMessage } from './store.ts'
import { statesAfter, statesAtCommit } from './totals.ts'

export const FORMAT = 1

const LF = 0x0a
const SUM_LENGTH = 8

export function encodeLine(value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value)) // holds no line feed
  const sum = crc32(text).toString(16).padStart(SUM_LENGTH, '0')
  return Buffer.concat([Buffer.from(`${sum} `), text, Buffer.of(LF)])
}

/** The values of the lines that are whole, from the first; `length` is where the last of them ends. */
export function decodeLines(bytes: Buffer): { readonly values: readonly unknown[]; readonly length: number } {
  const values: unknown[] = []
  let start = 0
  for (;;) {
    const end = bytes.indexOf(LF, start)
    if (end === -1) break
    const value = decodeLine(bytes.subarray(start, end))
    if (value === undefined) break
    values.push(value)
    start = end + 1
  }
  return { values, length: start }
}

function decodeLine(line: Buffer): unknown {
  const text = line.subarray(SUM_LENGTH + 1)
  if (line[SUM_LENGTH] !== 0x20) return undefined
  if (line.toString('latin1', 0, SUM_LENGTH) !== crc32(text).toString(16).padStart(SUM_LENGTH, '0')) return undefined
  try {
    return JSON.parse(text.toString())
  } catch {
    return undefined
  }
}

export const firstLine = (envelope: Envelope): Buffer => encodeLine({ format: FORMAT, envelope })

export const eventsLine = (events: readonly LedgerEvent[]): Buffer => encodeLine({ events })

/** A whole journal in one line, for when the old file can no longer be trusted. */
export const snapshotLine = ({ envelope, recipients }: QueuedMessage): Buffer =>
  encodeLine({ format: FORMAT, envelope, states: [...recipients.values()] })

export type ReadJournal =
  | { readonly kind: 'message'; readonly message: QueuedMessage; readonly length: number; readonly torn: boolean }
  | { readonly kind: 'damaged'; readonly why: string }

/** Reads a journal; `length` is how much of it stands. */
export function readJournal(bytes: Buffer): ReadJournal {
  const { values, length } = decodeLines(bytes)
  const [first, ...rest] = values as readonly [unknown, ...unknown[]] | readonly []
  if (!isFirst(first)) return { kind: 'damaged', why: 'its first line is not whole' }
  if (first.format !== FORMAT) return { kind: 'damaged', why: `it is of format ${first.format}, not ${FORMAT}` }
  const tail = bytes.subarray(length)
  // Only the line that was being written can be torn; a bad line with others behind it was acknowledged once.
  const next = tail.indexOf(LF)
  if (next !== -1 && next + 1 < tail.length) return { kind: 'damaged', why: `the line at octet ${length} is not whole` }
  try {
    const { envelope } = first
    let states =
      first.states === undefined
        ? statesAtCommit(envelope)
        : new Map(first.states.map((state) => [state.recipient.index, state]))
    for (const line of rest) {
      if (!isEvents(line)) return { kind: 'damaged', why: 'a line holds no events' }
      states = statesAfter(states, line.events)
    }
    return { kind: 'message', message: { envelope, recipients: states }, length, torn: tail.length > 0 }
  } catch (error) {
    if (error instanceof LedgerViolation || error instanceof TypeError) return { kind: 'damaged', why: error.message }
    throw error
  }
}

// The sum vouches for a line being what this program wrote; its version says which form that was.
const isFirst = (
  value: unknown,
): value is { readonly format: number; readonly envelope: Envelope; readonly states?: readonly RecipientState[] } =>
  typeof value === 'object' && value !== null && 'format' in value && 'envelope' in value

const isEvents = (value: unknown): value is { readonly events: readonly LedgerEvent[] } =>
  typeof value === 'object' && value !== null && 'events' in value && Array.isArray(value.events)
