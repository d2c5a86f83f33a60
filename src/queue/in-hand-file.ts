// SPDX-License-Identifier: Apache-2.0
/**
 * The file of what is in hand, as octets: a header that says whose work it is, then slots of one size, each free or
 * with one key. Slots do not straddle pages, so that a process that dies leaves each of them whole, in the midst of a
 * write of many too. Whatever cannot be read is nobody: a file that strangers, a disk or another version spoilt holds
 * no one in hand.
 */
import { crc32 } from 'node:zlib'
import type { Run } from '../ask/crash.ts'

/** Octets of the header. */
export const HEADER_BYTES = 512
/** Octets of one slot; 4096 is a multiple of it. */
export const SLOT_BYTES = 128
/** Slots: more things in hand at one time than this are not remembered. Twice the connections of the default configuration. */
export const SLOTS = 2048
export const FILE_BYTES = HEADER_BYTES + SLOTS * SLOT_BYTES

/** Where the checksum and the key stand in a slot. */
const CRC_AT = 12
const KEY_AT = 16
/** Octets of a key at most; of a stage's name, what is left. */
export const MAX_KEY_BYTES = 80
const STAGE_AT = KEY_AT + MAX_KEY_BYTES
const MAX_STAGE_BYTES = SLOT_BYTES - STAGE_AT

const MAGIC = 'postern in hand 1\n'

export interface Slot {
  readonly key: string
  /** Wall-clock milliseconds. */
  readonly begunAt: number
  /** What was being done, where that is known. */
  readonly stage?: string
}

export function encodeHeader({ boot, pid, startedAt, version }: Run): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.write(`${MAGIC}${JSON.stringify({ boot, pid, startedAt, version })}\n`)
  return bytes
}

/** Slots that one write spans at most: 32 KiB, which take hardly longer than one slot. */
const MAX_SPAN = 256

/** All slots as the file is to have them. What it does not have yet lies in one span, for one write. */
export class Slots {
  readonly #write: (bytes: Uint8Array, position: number) => void
  readonly #bytes = Buffer.alloc(SLOTS * SLOT_BYTES)
  /** Those that were used so far; some of them change for every message. */
  readonly #used: SlotBytes[] = []
  /** The span: from this slot on, up to before that one. */
  #from = SLOTS
  #to = 0

  /** @param write puts octets at their place in the file */
  constructor(write: (bytes: Uint8Array, position: number) => void) {
    this.#write = write
  }

  /** Whatever stood there before. */
  hold(index: number, slot: Slot): void {
    this.#changing(index).hold(slot)
  }

  /** Another stage of what it holds. */
  restage(index: number, stage: string): void {
    this.#changing(index).restage(stage)
  }

  free(index: number): void {
    this.#changing(index).free()
  }

  /** The file has this slot as it is now. */
  write(index: number): void {
    if (index >= this.#from && index < this.#to) this.writeAll()
  }

  /** The file has all slots as they are now. */
  writeAll(): void {
    const from = this.#from
    const to = this.#to
    this.#from = SLOTS
    this.#to = 0
    if (from < to) this.#write(this.#bytes.subarray(from * SLOT_BYTES, to * SLOT_BYTES), slotPosition(from))
  }

  #changing(index: number): SlotBytes {
    const from = Math.min(this.#from, index)
    const to = Math.max(this.#to, index + 1)
    if (to - from > MAX_SPAN) {
      this.writeAll()
      return this.#changing(index)
    }
    this.#from = from
    this.#to = to
    const known = this.#used[index]
    if (known !== undefined) return known
    const fresh = new SlotBytes(this.#bytes.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES))
    this.#used[index] = fresh
    return fresh
  }
}

class SlotBytes {
  readonly #bytes: Buffer
  readonly #head: Buffer
  readonly #body: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#head = bytes.subarray(0, CRC_AT)
    this.#body = bytes.subarray(KEY_AT)
  }

  hold({ key, begunAt, stage = '' }: Slot): void {
    const bytes = this.#bytes
    bytes.fill(0)
    bytes[0] = 1
    bytes[1] = bytes.write(key, KEY_AT, MAX_KEY_BYTES)
    bytes.writeDoubleBE(begunAt, 4)
    this.#stage(stage)
  }

  restage(stage: string): void {
    this.#bytes.fill(0, STAGE_AT)
    this.#stage(stage)
  }

  free(): void {
    this.#bytes.fill(0)
  }

  #stage(stage: string): void {
    const bytes = this.#bytes
    bytes[2] = bytes.write(stage, STAGE_AT, MAX_STAGE_BYTES)
    bytes.writeUInt32BE(checksum(this.#head, this.#body), CRC_AT)
  }
}

export const slotPosition = (index: number): number => HEADER_BYTES + index * SLOT_BYTES

/** Who had what in hand; `undefined` where the header cannot be read, and after a clean stop. */
export function decodeFile(bytes: Buffer): { readonly run: Run; readonly slots: readonly Slot[] } | undefined {
  const run = decodeHeader(bytes.subarray(0, HEADER_BYTES))
  if (run === undefined) return undefined
  const slots: Slot[] = []
  for (let i = 0; i < SLOTS && slotPosition(i + 1) <= bytes.length; i++) {
    const slot = decodeSlot(bytes.subarray(slotPosition(i), slotPosition(i + 1)))
    if (slot !== undefined) slots.push(slot)
  }
  return { run, slots }
}

function decodeHeader(bytes: Buffer): Run | undefined {
  const text = bytes.toString('utf8')
  const end = text.indexOf('\n', MAGIC.length)
  if (!text.startsWith(MAGIC) || end < 0) return undefined
  try {
    return asRun(JSON.parse(text.slice(MAGIC.length, end)))
  } catch {
    return undefined
  }
}

/** @param value as read from a file: anything */
export function asRun(value: unknown): Run | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { boot, pid, startedAt, version } = Object.fromEntries(Object.entries(value))
  if (typeof boot !== 'string' || typeof version !== 'string') return undefined
  if (typeof pid !== 'number' || typeof startedAt !== 'number') return undefined
  return { boot, pid, startedAt, version: version.slice(0, 40) }
}

function decodeSlot(bytes: Buffer): Slot | undefined {
  const [state, keyBytes = 0, stageBytes = 0] = bytes
  if (state !== 1 || keyBytes === 0 || keyBytes > MAX_KEY_BYTES || stageBytes > MAX_STAGE_BYTES) return undefined
  if (bytes.readUInt32BE(CRC_AT) !== checksum(bytes.subarray(0, CRC_AT), bytes.subarray(KEY_AT))) return undefined
  const slot = { key: bytes.toString('utf8', KEY_AT, KEY_AT + keyBytes), begunAt: bytes.readDoubleBE(4) }
  return stageBytes === 0 ? slot : { ...slot, stage: bytes.toString('utf8', STAGE_AT, STAGE_AT + stageBytes) }
}

/** Of what stands before and behind it. */
const checksum = (head: Buffer, body: Buffer): number => crc32(body, crc32(head))
