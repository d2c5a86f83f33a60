// SPDX-License-Identifier: Apache-2.0
/**
 * The first 8 KiB of a segment: two equal blocks of 4 KiB, so that one bad place on the disk does not cost a segment.
 *
 *      0  8  "POSTERNQ"
 *      8  4  version of the format; stands here in every version to come
 *     12  4  octets of JSON
 *     16  4  CRC-32 over octets 0 to 16 and the JSON
 *     20     JSON: SegmentHeader
 *
 * A header says where the segment before ends. Thereby a group whose sync failed stays refused, whatever of it reached
 * the disk, and a tail that was cut short stays cut. A segment whose header is all zero, or another segment's, waits to
 * be used (spares.ts). A header is put there one block after the other, so that at any time one of them is whole, the
 * old or the new.
 */
import { crc32 } from 'node:zlib'
import { type OpenFile, writeAll } from '../file-layer.ts'
import type { LedgerTotals } from '../store.ts'
import { readTotals } from '../totals.ts'

export const FORMAT = 1
export const HEADER_BYTES = 8192
const BLOCK = HEADER_BYTES / 2
const MAGIC = Buffer.from('POSTERNQ', 'latin1')
const JSON_AT = 20

export interface SegmentHeader {
  readonly number: number
  /** `log`: groups are appended. `apart`: written at once, holds what waits long (compaction.ts). */
  readonly kind: 'log' | 'apart'
  /** Hexadecimal. */
  readonly salt: string
  /** The log segment before this one, and its length. Segments between the two never counted. */
  readonly previous?: { readonly segment: number; readonly end: number }
  /** The file was another segment before: behind the end of this one lies what is left of that. */
  readonly reused?: true
  /** Sequence of the first group. */
  readonly sequence: number
  /** The ledger when this segment began. */
  readonly totals: LedgerTotals
}

export class UnknownFormat extends Error {
  override readonly name = 'UnknownFormat'
}

export function encodeHeader(header: SegmentHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const bytes = Buffer.alloc(HEADER_BYTES)
  for (const at of [0, BLOCK]) {
    const block = bytes.subarray(at, at + BLOCK)
    block.set(MAGIC, 0)
    block.writeUInt32BE(FORMAT, 8)
    block.writeUInt32BE(json.length, 12)
    block.set(json, JSON_AT)
    block.writeUInt32BE(crc32(json, crc32(block.subarray(0, 16))), 16)
  }
  return bytes
}

/** Writes and syncs it. Whatever ends this, the file has the header that it had, or this one. */
export async function writeHeader(file: OpenFile, header: SegmentHeader): Promise<void> {
  const bytes = encodeHeader(header)
  for (const at of [0, BLOCK]) {
    await writeAll(file, bytes.subarray(at, at + BLOCK), at)
    await file.datasync()
  }
}

export type ReadHeader =
  | { readonly kind: 'header'; readonly header: SegmentHeader }
  /** Never begun. */
  | { readonly kind: 'blank' }
  | { readonly kind: 'damaged' }

/** @throws UnknownFormat for a segment that a later version wrote */
export function readHeader(bytes: Buffer): ReadHeader {
  const blocks = [bytes.subarray(0, BLOCK), bytes.subarray(BLOCK, HEADER_BYTES)]
  for (const block of blocks) {
    const header = readBlock(block)
    if (header !== undefined) return { kind: 'header', header }
  }
  const versions = blocks.map((block) => (block.indexOf(MAGIC) === 0 && block.length > 16 ? block.readUInt32BE(8) : 0))
  const [version = 0] = versions
  if (version > FORMAT && versions.every((each) => each === version))
    throw new UnknownFormat(
      `the queue is in format ${version}, this version of Postern reads ${FORMAT}: export it with the version that wrote it`,
    )
  return { kind: bytes.every((octet) => octet === 0) ? 'blank' : 'damaged' }
}

function readBlock(block: Buffer): SegmentHeader | undefined {
  if (block.length < JSON_AT || block.indexOf(MAGIC) !== 0 || block.readUInt32BE(8) !== FORMAT) return undefined
  const json = block.subarray(JSON_AT, JSON_AT + block.readUInt32BE(12))
  if (crc32(json, crc32(block.subarray(0, 16))) !== block.readUInt32BE(16)) return undefined
  const value: unknown = JSON.parse(json.toString())
  return isHeader(value) ? value : undefined
}

// The sum vouches for a header being what this program wrote.
const isHeader = (value: unknown): value is SegmentHeader =>
  typeof value === 'object' && value !== null && 'totals' in value && readTotals(value.totals) !== undefined
