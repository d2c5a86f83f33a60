// SPDX-License-Identifier: Apache-2.0
/**
 * The queue's log as it lies on a disk: groups and records, segment headers, packed values. The first four octets of
 * the input choose where the segment is cut and which octet of it changes; lines of the rest are contents of messages.
 * Properties:
 * - what was written is read: every group, record and content, and nothing behind them;
 * - cut short, a segment gives all groups before the cut and nothing of the one that was cut;
 * - with one octet changed, every other group is still there, and no content is other than it was written;
 * - a segment header survives any one changed octet; any octets at all are a header, blank, damaged or UnknownFormat;
 * - any octets at all are scanned to their end in rising places; packed values are unpacked the same.
 */
import assert from 'node:assert/strict'
import type { MessageId } from '../../../src/envelope/message-id.ts'
import { decodeChange, encodeChange } from '../../../src/queue/log/change.ts'
import { encodeGroup, type NewRecord, SALT_BYTES, scanGroups } from '../../../src/queue/log/group.ts'
import { Packer, Unpacker } from '../../../src/queue/log/packing.ts'
import {
  encodeHeader,
  HEADER_BYTES,
  readHeader,
  type SegmentHeader,
  UnknownFormat,
} from '../../../src/queue/log/segment-header.ts'
import { NO_TOTALS } from '../../../src/queue/totals.ts'
import { any, chars, LETTERS, many, octets, seq } from '../grammar.ts'
import { type Target, textOf } from '../target.ts'

const SALT = Buffer.from('\x01\xfesalt\0\xff', 'latin1')
const RECORDS_IN_GROUP = 3

export const queueLog: Target = {
  name: 'queue-log',
  grammar: seq(octets(4, 4), many(any(chars(LETTERS, 0, 30), octets(0, 60)), 0, 12, '\n')),
  shortRuns: 500,
  dictionary: [SALT.toString('latin1'), 'POSTERNQ', '\0\0\0\0', '\xff\xff\xff\xff', '\n', '{}', '"'],
  seeds: [encodeHeader(headerOf('x')).subarray(0, 200)],
  check(input) {
    checkScan(input)
    checkScan(Buffer.concat([SALT, input, SALT]))
    checkHeader(input)
    checkPacking(input)
    checkChange(input)

    const contents = input.subarray(4).toString('latin1').split('\n')
    const groups: Group[] = []
    let end = 0
    for (let i = 0; i < contents.length; i += RECORDS_IN_GROUP) {
      const texts = contents.slice(i, i + RECORDS_IN_GROUP)
      const bytes = encodeGroup(SALT, groups.length, texts.map(recordOf))
      groups.push({ bytes, texts, start: end })
      end += bytes.length
    }
    const segment = Buffer.concat(groups.map(({ bytes }) => bytes))
    assert.deepEqual(textsOf(segment), { texts: groups.map(({ texts }) => texts), tail: segment.length, torn: 0 })
    const cutAt = (input[0] ?? 0) * 256 + (input[1] ?? 0)
    const flipAt = (input[2] ?? 0) * 256 + (input[3] ?? 0)
    checkCut(segment, groups, cutAt % (segment.length + 1))
    checkFlip(segment, groups, flipAt % segment.length, 1 << (cutAt % 8))
  },
}

interface Group {
  readonly bytes: Buffer
  readonly texts: readonly string[]
  readonly start: number
}

const recordOf = (text: string, i: number): NewRecord => ({
  kind: 1 + (i % 6),
  id: '01JABCDEFGHJKMNPQ',
  length: text.length,
  write: (into, at) => void into.write(text, at, 'latin1'),
})

function textsOf(bytes: Buffer, end?: number) {
  const texts: string[][] = []
  let tail = -1
  let torn = 0
  for (const found of scanGroups(bytes, 0, SALT, end)) {
    if (found.kind === 'tail') tail = found.offset
    else if (found.kind === 'damage') torn++
    else if (found.group.records.every(({ intact }) => intact))
      texts.push(found.group.records.map(({ payload }) => payload.toString('latin1')))
    else torn++
  }
  return { texts, tail, torn }
}

function checkCut(segment: Buffer, groups: readonly Group[], at: number): void {
  const whole = groups.filter(({ start, bytes }) => start + bytes.length <= at)
  const { texts, tail, torn } = textsOf(segment.subarray(0, at))
  assert.deepEqual(
    texts,
    whole.map((group) => group.texts),
    'groups before the cut',
  )
  assert.equal(torn, 0, 'a write that was cut short counts as damage')
  assert.equal(
    tail,
    whole.reduce((sum, { bytes }) => sum + bytes.length, 0),
  )
}

function checkFlip(segment: Buffer, groups: readonly Group[], at: number, bits: number): void {
  const changed = Buffer.from(segment)
  changed[at] = (changed[at] ?? 0) ^ bits
  const others = groups.filter(({ start, bytes }) => at < start || at >= start + bytes.length).map(({ texts }) => texts)
  for (const end of [undefined, segment.length])
    assert.deepEqual(textsOf(changed, end).texts, others, 'groups beside the changed octet')
}

/** Any octets: the scan ends, and moves forward. */
function checkScan(bytes: Buffer): void {
  for (const end of [undefined, bytes.length]) {
    let at = 0
    for (const found of scanGroups(bytes, 0, SALT, end)) {
      const offset = found.kind === 'group' ? found.group.offset : found.offset
      assert.ok(offset >= at && offset <= bytes.length, 'the scan goes back')
      at = found.kind === 'group' ? found.group.end : found.kind === 'damage' ? found.end : offset
      assert.ok(found.kind === 'tail' || at > offset, 'the scan stands still')
    }
  }
}

function headerOf(salt: string): SegmentHeader {
  return { number: 7, kind: 'log', salt, previous: { segment: 6, end: 9000 }, sequence: 12, totals: NO_TOTALS }
}

function checkHeader(input: Buffer): void {
  for (const bytes of [input, Buffer.concat([input, Buffer.alloc(HEADER_BYTES)]).subarray(0, HEADER_BYTES)])
    try {
      readHeader(bytes)
    } catch (error) {
      if (!(error instanceof UnknownFormat)) throw error
    }
  const header = headerOf(input.toString('hex', 0, SALT_BYTES))
  const bytes = encodeHeader(header)
  assert.deepEqual(readHeader(bytes), { kind: 'header', header })
  const at = ((input[0] ?? 0) * 256 + (input[1] ?? 0)) % HEADER_BYTES
  bytes[at] = (bytes[at] ?? 0) ^ ((input[2] ?? 0) | 1)
  assert.deepEqual(readHeader(bytes), { kind: 'header', header }, 'a header with one octet changed')
}

function checkPacking(input: Buffer): void {
  const texts = textOf(input).split('\n')
  const packer = new Packer()
  for (const text of [...texts, ...texts]) {
    packer.shared(text)
    packer.text(text)
    packer.count(text.length)
    packer.number(-text.length / 3)
    packer.flags(text === '', false, true)
  }
  const unpacker = new Unpacker(packer.take())
  for (const text of [...texts, ...texts]) {
    assert.equal(unpacker.shared(), text)
    assert.equal(unpacker.text(), text)
    assert.equal(unpacker.count(), text.length)
    assert.equal(unpacker.number(), -text.length / 3)
    assert.equal(unpacker.bits(), text === '' ? 0b101 : 0b100)
  }
}

function checkChange(input: Buffer): void {
  const change = { id: '01JABCDEFGHJKMNPQ' as MessageId, kind: 'first', segment: input.length } as const
  const record = encodeChange(change)
  const payload = Buffer.alloc(record.length)
  record.write(payload, 0)
  assert.deepEqual(decodeChange(record.kind, record.id, payload)?.change, change)
}
