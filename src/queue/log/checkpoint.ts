// SPDX-License-Identifier: Apache-2.0
/**
 * The queue's memory at one place of the log, so that a start need not read what came before. Only ever a shortcut: it
 * counts when its sum is right and every segment from its place on is there; without it the whole log is read. An old
 * one is as good as a new one, so its name needs no sync. The file `checkpoint`:
 *
 *      0  8  "POSTERNC"
 *      8  4  version
 *     12  4  octets of JSON, then the JSON: place, totals, count
 *            entries, each as Packer writes it
 *   last  4  CRC-32 of everything before
 */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import type { MailAddress } from '../../address/address.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import { type FileLayer, isMissing, readWhole, removeFile, writeAll } from '../file-layer.ts'
import type { LedgerTotals, WaitingRecipient } from '../store.ts'
import { readTotals } from '../totals.ts'
import { type Kept, Messages } from './messages.ts'
import { Packer, Unpacker } from './packing.ts'
import type { Span } from './position.ts'

const MAGIC = Buffer.from('POSTERNC', 'latin1')
const VERSION = 1
const HEAD = 16
/** Entries written before others have their turn: some milliseconds. */
const SLICE = 4096

/** The log up to here is in the checkpoint. */
export interface Place {
  readonly segment: number
  readonly end: number
  readonly sequence: number
}

interface Head {
  readonly at: Place
  readonly first: number
  readonly totals: LedgerTotals
  readonly count: number
}

/** Gives the octets written. What `messages` holds at the call is written, whatever changes meanwhile. */
export async function writeCheckpoint(
  files: FileLayer,
  directory: string,
  messages: Messages,
  at: Place,
): Promise<number> {
  const kept = [...messages.kept.values()]
  const head: Head = { at, first: messages.first, totals: messages.totals, count: kept.length }
  const json = Buffer.from(JSON.stringify(head))
  const start = Buffer.alloc(HEAD)
  start.set(MAGIC, 0)
  start.writeUInt32BE(VERSION, 8)
  start.writeUInt32BE(json.length, 12)

  const path = join(directory, 'checkpoint.new')
  await removeFile(files, path)
  const file = await files.open(path, 'create')
  let length = 0
  let crc = 0
  const write = async (bytes: Buffer): Promise<void> => {
    crc = crc32(bytes, crc)
    await writeAll(file, bytes, length)
    length += bytes.length
  }
  try {
    await write(Buffer.concat([start, json]))
    const packer = new Packer()
    for (let from = 0; from < kept.length; from += SLICE) {
      for (const each of kept.slice(from, from + SLICE)) packKept(packer, each)
      await write(packer.take())
      await setImmediate()
    }
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc)
    await writeAll(file, sum, length)
    await file.datasync()
  } finally {
    await file.close()
  }
  await files.rename(path, join(directory, 'checkpoint'))
  return length
}

export interface Checkpoint {
  readonly at: Place
  readonly messages: Messages
}

/** `undefined` when there is none, or it is not whole, or another version's. */
export async function readCheckpoint(files: FileLayer, directory: string): Promise<Checkpoint | undefined> {
  let bytes: Buffer
  try {
    bytes = await readWhole(files, join(directory, 'checkpoint'))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const end = bytes.length - 4
  if (end < HEAD || bytes.indexOf(MAGIC) !== 0 || bytes.readUInt32BE(8) !== VERSION) return undefined
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return undefined
  const from = HEAD + bytes.readUInt32BE(12)
  const head: unknown = JSON.parse(bytes.toString('utf8', HEAD, from))
  if (!isHead(head)) return undefined
  const messages = new Messages()
  messages.totals = head.totals
  messages.first = head.first
  const unpacker = new Unpacker(bytes.subarray(from, end))
  for (let i = 0; i < head.count; i++) messages.restore(unpackKept(unpacker))
  return { at: head.at, messages }
}

// The sum vouches for a file being what this program wrote.
const isHead = (value: unknown): value is Head =>
  typeof value === 'object' && value !== null && 'totals' in value && readTotals(value.totals) !== undefined

function packKept(packer: Packer, { entry, base, apart, later, file }: Kept): void {
  packer.text(entry.id)
  packer.number(entry.receivedAt)
  packer.flags(entry.nullSender, apart, file !== undefined)
  packSpan(packer, base)
  packer.count(later.length)
  for (const span of later) packSpan(packer, span)
  if (file !== undefined) packer.text(file)
  packer.count(entry.waiting.length)
  for (const recipient of entry.waiting) packWaiting(packer, recipient)
}

function unpackKept(unpacker: Unpacker): Kept {
  const id = unpacker.text() as MessageId
  const receivedAt = unpacker.number()
  const bits = unpacker.bits()
  const base = unpackSpan(unpacker)
  const later = unpacker.list(() => unpackSpan(unpacker))
  const file = (bits & 4) === 0 ? undefined : unpacker.text()
  const waiting = unpacker.list(() => unpackWaiting(unpacker))
  const entry = { id, receivedAt, nullSender: (bits & 1) !== 0, waiting }
  const kept = { entry, base, apart: (bits & 2) !== 0, later: later.length === 0 ? NONE : later }
  return file === undefined ? kept : { ...kept, file }
}

const NONE: readonly Span[] = []

function packSpan(packer: Packer, { at, bytes }: Span): void {
  packer.number(at)
  packer.count(bytes)
}

const unpackSpan = (unpacker: Unpacker): Span => ({ at: unpacker.number(), bytes: unpacker.count() })

function packWaiting(packer: Packer, { index, state, channel, domain, via, sender, nextAt }: WaitingRecipient): void {
  packer.count(index)
  packer.flags(state === 'held', via !== undefined, sender !== undefined, nextAt !== undefined)
  packer.shared(channel)
  packer.shared(domain)
  if (via !== undefined) packer.shared(via)
  if (sender !== undefined) packer.shared(sender)
  if (nextAt !== undefined) packer.number(nextAt)
}

function unpackWaiting(unpacker: Unpacker): WaitingRecipient {
  const index = unpacker.count()
  const bits = unpacker.bits()
  const state = (bits & 1) === 0 ? 'queued' : 'held'
  const channel = unpacker.shared() as ChannelName
  const domain = unpacker.shared()
  const recipient: Mutable<WaitingRecipient> = { index, state, channel, domain }
  if ((bits & 2) !== 0) recipient.via = unpacker.shared()
  if ((bits & 4) !== 0) recipient.sender = unpacker.shared() as MailAddress
  if ((bits & 8) !== 0) recipient.nextAt = unpacker.number()
  return recipient
}

/** While it is put together; there are millions of them, and a copy for each field is dear. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] }
