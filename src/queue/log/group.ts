// SPDX-License-Identifier: Apache-2.0
/**
 * How records lie in a segment: in groups, one group for each sync. A group counts as a whole or not at all, so that a
 * write that was cut short leaves nothing of what its callers were refused. Numbers are big-endian.
 *
 *     group    0  8  salt of the segment (segment-header.ts)
 *              8  8  sequence: one more than that of the group before, across segments
 *             16  4  octets of the records
 *             20  4  how many records
 *             24  4  CRC-32 over octets 0 to 24 and the head of every record
 *             28     records
 *     record   0  4  octets of the payload
 *              4  4  CRC-32 over the salt, octets 8 to 26, and the payload
 *              8  1  kind (change.ts)
 *              9 17  id of the message
 *             26     payload
 *
 * The salt is random, so that nobody can send a message whose content looks like a group when the log is searched for
 * the next one after a damaged place. Pure.
 */
import { crc32 } from 'node:zlib'

export const SALT_BYTES = 8
export const GROUP_HEAD = 28
export const RECORD_HEAD = 26
const ID_BYTES = 17

/** A record to be written, straight to where its group is put together. */
export interface NewRecord {
  readonly kind: number
  readonly id: string
  /** Octets of the payload. */
  readonly length: number
  /** Writes the payload at this place. */
  write(into: Buffer, at: number): void
}

/** A record as it is read. `intact`: its payload is what was written. */
export interface FoundRecord {
  readonly offset: number
  readonly bytes: number
  readonly kind: number
  readonly id: string
  readonly payload: Buffer
  readonly intact: boolean
}

export const recordBytes = ({ length }: NewRecord): number => RECORD_HEAD + length

export function groupBytes(records: readonly NewRecord[]): number {
  let octets = GROUP_HEAD
  for (const record of records) octets += recordBytes(record)
  return octets
}

/**
 * The octets to be written at once; the records lie in them in their order, from GROUP_HEAD on.
 * @param room where they are put when they fit: it is the caller's again once they have been written
 */
export function encodeGroup(
  salt: Uint8Array,
  sequence: number,
  records: readonly NewRecord[],
  room: Buffer = NO_ROOM,
): Buffer {
  const octets = groupBytes(records)
  const group = octets <= room.length ? room.subarray(0, octets) : Buffer.allocUnsafe(octets)
  group.set(salt, 0)
  group.writeBigUInt64BE(BigInt(sequence), 8)
  group.writeUInt32BE(octets - GROUP_HEAD, 16)
  group.writeUInt32BE(records.length, 20)
  let crc = crc32(group.subarray(0, 24))
  let at = GROUP_HEAD
  const saltCrc = crc32(salt)
  for (const record of records) {
    const end = writeRecord(group, at, saltCrc, record)
    crc = crc32(group.subarray(at, at + RECORD_HEAD), crc)
    at = end
  }
  group.writeUInt32BE(crc, 24)
  return group
}

const NO_ROOM = Buffer.alloc(0)

function writeRecord(into: Buffer, at: number, saltCrc: number, record: NewRecord): number {
  const { kind, id, length } = record
  const end = at + RECORD_HEAD + length
  record.write(into, at + RECORD_HEAD)
  into.writeUInt32BE(length, at)
  into.writeUInt8(kind, at + 8)
  into.write(id.padEnd(ID_BYTES), at + 9, ID_BYTES, 'latin1')
  into.writeUInt32BE(crc32(into.subarray(at + 8, end), saltCrc), at + 4)
  return end
}

/** The record at an offset, or `undefined` when no whole one lies there. */
export function readRecord(bytes: Buffer, offset: number, salt: Uint8Array): FoundRecord | undefined {
  if (offset + RECORD_HEAD > bytes.length) return undefined
  const end = offset + RECORD_HEAD + bytes.readUInt32BE(offset)
  if (end > bytes.length) return undefined
  return {
    offset,
    bytes: end - offset,
    kind: bytes.readUInt8(offset + 8),
    id: bytes.toString('latin1', offset + 9, offset + RECORD_HEAD).trimEnd(),
    payload: bytes.subarray(offset + RECORD_HEAD, end),
    intact: crc32(bytes.subarray(offset + 8, end), crc32(salt)) === bytes.readUInt32BE(offset + 4),
  }
}

export interface FoundGroup {
  readonly offset: number
  readonly end: number
  readonly sequence: number
  readonly records: readonly FoundRecord[]
}

/** The group at an offset. Its heads are right; a payload may not be (`intact`). */
export function readGroup(bytes: Buffer, offset: number, salt: Uint8Array): FoundGroup | undefined {
  if (offset + GROUP_HEAD > bytes.length) return undefined
  const head = bytes.subarray(offset, offset + GROUP_HEAD)
  if (head.compare(salt, 0, SALT_BYTES, 0, SALT_BYTES) !== 0) return undefined
  const end = offset + GROUP_HEAD + head.readUInt32BE(16)
  const count = head.readUInt32BE(20)
  if (end > bytes.length || count > (end - offset) / RECORD_HEAD) return undefined
  let crc = crc32(head.subarray(0, 24))
  const records: FoundRecord[] = []
  let at = offset + GROUP_HEAD
  for (let i = 0; i < count; i++) {
    const record = readRecord(bytes, at, salt)
    if (record === undefined || at + record.bytes > end) return undefined
    crc = crc32(bytes.subarray(at, at + RECORD_HEAD), crc)
    records.push(record)
    at += record.bytes
  }
  if (at !== end || crc !== head.readUInt32BE(24)) return undefined
  return { offset, end, sequence: Number(head.readBigUInt64BE(8)), records }
}

export type Scanned =
  | { readonly kind: 'group'; readonly group: FoundGroup }
  /** Octets that were acknowledged once and are not what was written; records among them that still are. */
  | { readonly kind: 'damage'; readonly offset: number; readonly end: number; readonly rest: readonly FoundRecord[] }
  /** Nothing acknowledged lies from here on: a write that was cut short, or nothing at all. */
  | { readonly kind: 'tail'; readonly offset: number }

/**
 * Reads the groups of a segment in order.
 * @param end where a later segment says that this one ends; without it the last group may have been cut short
 */
export function* scanGroups(bytes: Buffer, start: number, salt: Uint8Array, end?: number): Generator<Scanned> {
  const within = end === undefined ? bytes : bytes.subarray(0, end)
  let at = start
  while (at < within.length) {
    const group = readGroup(within, at, salt)
    const torn = group === undefined || group.records.some(({ intact }) => !intact)
    if (group !== undefined && (!torn || end !== undefined || nextGroup(within, group.end, salt) !== undefined)) {
      yield { kind: 'group', group }
      at = group.end
      continue
    }
    const next = nextGroup(within, at + 1, salt)
    if (next === undefined && end === undefined) break
    yield { kind: 'damage', offset: at, end: next ?? within.length, rest: intactFrom(within, at, next, salt) }
    at = next ?? within.length
  }
  yield { kind: 'tail', offset: at }
}

/** Each group is synced before the next is written: where one lies behind, what lies before was acknowledged. */
function nextGroup(bytes: Buffer, from: number, salt: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(salt, from); at !== -1; at = bytes.indexOf(salt, at + 1))
    if (readGroup(bytes, at, salt) !== undefined) return at
  return undefined
}

function intactFrom(bytes: Buffer, offset: number, end = bytes.length, salt: Uint8Array): FoundRecord[] {
  const records: FoundRecord[] = []
  for (let at = offset + GROUP_HEAD; at < end; ) {
    const record = readRecord(bytes.subarray(0, end), at, salt)
    if (record === undefined) break
    if (record.intact) records.push(record)
    at += record.bytes
  }
  return records
}
