// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: who was in hand when the process died is a suspect at the next start, once for each crash; a clean stop and a
 * crash of the machine accuse nobody; the files are bounded and may hold any garbage; a disk that fails harms nothing.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { silentLog } from '../monitor/log.ts'
import { evidence, receptionKey } from '../policy/poison.ts'
import { type InHandOptions, openInHand } from './in-hand.ts'
import { diskInHand, type InHandFiles, readBootId } from './in-hand-disk.ts'
import {
  decodeFile,
  encodeHeader,
  FILE_BYTES,
  HEADER_BYTES,
  MAX_KEY_BYTES,
  SLOT_BYTES,
  SLOTS,
  Slots,
} from './in-hand-file.ts'
import { decodeSuspects, encodeSuspects, MAX_CRASHES, MAX_SUSPECTS, SUSPECT_MS } from './suspects.ts'

const START = Date.UTC(2026, 0, 1)

/** A disk in memory: what survives the process. */
function memoryDisk(): InHandFiles & { readonly bytes: Map<string, Buffer> } {
  const bytes = new Map<string, Buffer>()
  return {
    bytes,
    read: (path, maxBytes) => bytes.get(path)?.subarray(0, maxBytes),
    replace: (path, content) => void bytes.set(path, Buffer.from(content)),
    create(path, header) {
      const content = Buffer.alloc(FILE_BYTES)
      content.set(header)
      bytes.set(path, content)
      return {
        write: (slot, position) => void content.set(slot, position),
        clean: () => void content.fill(0, 0, header.length),
      }
    },
  }
}

/** Processes one after the other over one disk; each but the first begins where the one before was cut off. */
function machine(files: InHandFiles, { boot }: { readonly boot: () => string } = { boot: () => 'boot-1' }) {
  let pid = 100
  let now = START
  return {
    pass: (ms: number) => {
      now += ms
    },
    start: (options: Partial<InHandOptions> = {}) => {
      now += 1000
      const run = { boot: boot(), pid: ++pid, startedAt: now, version: '1.2.3' }
      return openInHand({ path: 'hand', run, now: () => now, log: silentLog, files, soon: (run) => run(), ...options })
    },
  }
}

test('three crashes with the evidence; what had ended is no suspect', () => {
  const { start } = machine(memoryDisk())
  for (let crashes = 0; crashes < 3; crashes++) {
    const inHand = start()
    assert.equal(inHand.crashes('delivery A'), crashes)
    const hand = inHand.begin('delivery A', 'receiving')
    hand.note()
    hand.at('filtering')
    hand.note()
    inHand.begin(`delivery ended ${crashes}`)[Symbol.dispose]()
  }
  const inHand = start()
  assert.deepEqual([...inHand.suspects().keys()], ['delivery A'])
  const crashes = inHand.suspects().get('delivery A') ?? []
  assert.equal(
    evidence(crashes),
    'the process crashed 3 times while this was in hand: ' +
      '2026-01-01T00:00:02Z (pid 101, version 1.2.3 while filtering), ' +
      '2026-01-01T00:00:03Z (pid 102, version 1.2.3 while filtering), ' +
      '2026-01-01T00:00:04Z (pid 103, version 1.2.3 while filtering)',
  )
})

/** A disk in memory that keeps where each write of slots began and its octets. */
function countingDisk() {
  const disk = memoryDisk()
  const writes: { readonly position: number; readonly length: number }[] = []
  const files: InHandFiles = {
    ...disk,
    create(path, header) {
      const file = disk.create(path, header)
      return {
        ...file,
        write(slots, position) {
          writes.push({ position, length: slots.length })
          file.write(slots, position)
        },
      }
    },
  }
  const inFile = () => decodeFile(disk.read('hand', FILE_BYTES) ?? Buffer.alloc(0))?.slots.map(({ key }) => key)
  return { files, writes, inFile }
}

test('one write notes all that began and ended since the last; what ends is told a little later where nothing comes', () => {
  const { files, writes, inFile } = countingDisk()
  const later: (() => void)[] = []
  const { start } = machine(files)
  const inHand = start({ soon: (run) => void later.push(run) })
  const hands = Array.from({ length: 10 }, (_, i) => inHand.begin(`delivery ${i}`))
  assert.deepEqual([writes.length, inFile()], [0, []])
  for (const hand of hands) hand.note()
  assert.equal(writes.length, 1)
  assert.equal(inFile()?.length, 10)
  for (const hand of hands.slice(1)) hand[Symbol.dispose]()
  assert.equal(later.length, 1)
  inHand.begin('next').note()
  assert.deepEqual([writes.length, inFile()], [2, ['delivery 0', 'next']])
  hands[0]?.[Symbol.dispose]()
  later[0]?.()
  assert.deepEqual([writes.length, inFile()], [3, ['next']])
})

test('a write is bounded, however far apart the slots lie', () => {
  const { files, writes, inFile } = countingDisk()
  const { start } = machine(files)
  const inHand = start({ soon: () => {} })
  const hands = Array.from({ length: SLOTS }, (_, i) => inHand.begin(`key ${i}`))
  hands.at(-1)?.note()
  assert.equal(inFile()?.length, SLOTS)
  for (const at of [0, SLOTS - 1, SLOTS / 2]) hands[at]?.[Symbol.dispose]()
  for (const key of ['a', 'b', 'c']) inHand.begin(key).note()
  assert.deepEqual(
    inFile()
      ?.filter((key) => !key.startsWith('key'))
      .sort(),
    ['a', 'b', 'c'],
  )
  assert.equal(inFile()?.length, SLOTS)
  assert.ok(writes.every(({ length }) => length <= 32 * 1024))
})

test('a slot says who has it now and at what, whoever had it and whatever was done before', () => {
  const run = { boot: 'boot-1', pid: 1, startedAt: 1, version: '1' }
  const file = Buffer.alloc(FILE_BYTES)
  file.set(encodeHeader(run))
  const slots = new Slots((bytes, position) => file.set(bytes, position))
  const inFile = () => {
    slots.writeAll()
    return decodeFile(file)?.slots
  }
  slots.hold(3, { key: `reception ${'a'.repeat(32)}`, begunAt: 5, stage: 'receiving' })
  slots.restage(3, 'filtering')
  assert.deepEqual(inFile(), [{ key: `reception ${'a'.repeat(32)}`, begunAt: 5, stage: 'filtering' }])
  slots.restage(3, 'looking at it in a place of a very long name')
  slots.restage(3, 'filtering')
  assert.equal(inFile()?.[0]?.stage, 'filtering')
  slots.hold(3, { key: 'delivery B', begunAt: 6 })
  assert.deepEqual(inFile(), [{ key: 'delivery B', begunAt: 6 }])
  slots.free(3)
  assert.deepEqual(inFile(), [])
})

test('a clean stop leaves nobody in hand, whatever was not given back', () => {
  const { start } = machine(memoryDisk())
  const first = start()
  const hand = first.begin('delivery A')
  hand.note()
  first[Symbol.dispose]()
  hand.at('late')
  hand.note()
  hand[Symbol.dispose]()
  assert.equal(start().suspects().size, 0)
})

for (const { name, boots, want } of [
  { name: 'the machine went down, not the process', boots: ['one', 'two'], want: 0 },
  { name: 'a system that does not tell', boots: ['', ''], want: 0 },
  { name: 'the process alone', boots: ['one', 'one'], want: 1 },
])
  test(`boot id: ${name}`, () => {
    const left = [...boots]
    const { start } = machine(memoryDisk(), { boot: () => left.shift() ?? '' })
    start().begin('delivery A').note()
    assert.equal(start().crashes('delivery A'), want)
  })

test('one suspect is seen in hand; cleared, it is one no more, now and later', () => {
  const { start } = machine(memoryDisk())
  const first = start()
  for (const key of ['a', 'b']) first.begin(key).note()
  const second = start()
  assert.equal(second.suspectsInHand(), 0)
  {
    using _innocent = second.begin('c')
    using _a = second.begin('a')
    assert.equal(second.suspectsInHand(), 1)
  }
  assert.equal(second.suspectsInHand(), 0)
  second.clear('a')
  second.clear('never heard of')
  second[Symbol.dispose]()
  assert.deepEqual([...start().suspects().keys()], ['b'])
})

test('the same key twice in hand is one crash, and a crash found twice counts once', () => {
  const disk = memoryDisk()
  const { start } = machine(disk)
  const first = start()
  first.begin('a').note()
  first.begin('a').note()
  const file = Buffer.from(disk.bytes.get('hand') ?? '')
  // The next process dies after writing the suspects and before it has its own file.
  start()
  disk.bytes.set('hand', file)
  assert.equal(start().crashes('a'), 1)
})

test('bounds: slots, suspects, crashes, time, keys', () => {
  const disk = memoryDisk()
  const { start, pass } = machine(disk)
  const crowd = start()
  const hands = Array.from({ length: SLOTS + 10 }, (_, i) => crowd.begin(`key ${i}`))
  assert.equal(disk.bytes.get('hand')?.length, FILE_BYTES)
  for (const hand of hands.slice(SLOTS - 5)) hand[Symbol.dispose]()
  for (let i = 0; i < 5; i++) crowd.begin(`again ${i}`).note()
  const second = start()
  assert.equal(second.suspects().size, MAX_SUSPECTS)
  assert.equal(second.crashes('again 4') + second.crashes(`key ${SLOTS + 1}`), second.crashes('again 4'))
  for (let i = 0; i < MAX_CRASHES + 3; i++) start().begin('again and again').note()
  assert.equal(start().crashes('again and again'), MAX_CRASHES)
  assert.ok((disk.bytes.get('hand.suspects')?.length ?? 0) < 8 * 1024 * 1024)
  pass(SUSPECT_MS)
  assert.equal(start().suspects().size, 0)
  assert.throws(() => second.begin('x'.repeat(MAX_KEY_BYTES + 1)), RangeError)
  second.begin('é'.repeat(MAX_KEY_BYTES / 2), 'a stage whose name is longer than what is kept of it')
})

test('a disk that fails: mail goes on without the memory, and the log says so once for each way', () => {
  const disk = memoryDisk()
  const events: string[] = []
  const log = { ...silentLog, error: (event: string) => void events.push(event) }
  const fail = () => {
    throw new Error('ENOSPC')
  }
  const { start } = machine({ ...disk, replace: fail, create: fail, read: fail })
  const inHand = start({ log })
  inHand.begin('a')[Symbol.dispose]()
  inHand.clear('a')
  assert.deepEqual(events, ['in-hand.suspects-unreadable', 'in-hand.unreadable', 'in-hand.not-written'])

  events.length = 0
  let cleaned = 0
  const failing = machine({ ...disk, create: () => ({ write: fail, clean: () => void cleaned++ }) })
  const half = failing.start({ log })
  for (const key of ['a', 'b']) {
    using hand = half.begin(key)
    hand.note()
  }
  assert.deepEqual([events, cleaned], [['in-hand.not-written'], 1])
})

test('any garbage in either file is nobody', () => {
  const run = { boot: 'boot-1', pid: 1, startedAt: 1, version: '1' }
  const whole = Buffer.alloc(HEADER_BYTES + SLOT_BYTES)
  whole.set(encodeHeader(run))
  const slots = new Slots((bytes, position) => whole.set(bytes, position))
  slots.hold(0, { key: 'delivery A', begunAt: 5, stage: 'x' })
  slots.writeAll()
  assert.deepEqual(decodeFile(whole)?.slots, [{ key: 'delivery A', begunAt: 5, stage: 'x' }])
  const spoilt = fc.record({ at: fc.nat(whole.length - 1), by: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2000 }),
      fc.uint8Array({ maxLength: 300 }),
      spoilt,
      (bytes, json, { at, by }) => {
        decodeFile(Buffer.from(bytes))
        decodeFile(Buffer.concat([encodeHeader(run), bytes]))
        decodeSuspects(Buffer.from(json))
        const other = Buffer.from(whole)
        other[at] = (other[at] ?? 0) ^ by
        const keys = decodeFile(other)?.slots.map(({ key }) => key) ?? []
        assert.ok(keys.every((key) => key === 'delivery A'))
      },
    ),
    { seed: announceSeed('in-hand'), numRuns: 300 },
  )
  for (const value of fc.sample(fc.jsonValue(), { seed: 1, numRuns: 200 }))
    for (const given of [value, { suspects: value }, { suspects: { k: value } }, { suspects: { k: [value] } }])
      assert.equal(decodeSuspects(Buffer.from(JSON.stringify(given))).size, 0)
  const crash = { at: 1, begunAt: 2, run }
  const kept = new Map([
    ['__proto__', [crash]],
    ['a', [{ ...crash, stage: 's' }]],
  ])
  assert.deepEqual(decodeSuspects(encodeSuspects(kept)), kept)
})

test('fingerprints: the same for the next attempt, another for another message', () => {
  const first = { clientAddress: '192.0.2.1', reversePath: null, recipients: ['a@x', 'b@x'], declaredSize: 10 }
  assert.equal(receptionKey(first), receptionKey({ ...first, recipients: ['b@x', 'a@x'] }))
  const others = [
    { ...first, clientAddress: '192.0.2.2' },
    { ...first, recipients: ['a@x'] },
    { ...first, declaredSize: 11 },
  ]
  assert.equal(new Set([first, ...others].map(receptionKey)).size, 4)
  assert.ok(receptionKey(first).length <= MAX_KEY_BYTES)
})

test('on a real disk', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-in-hand-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'in-hand')
  const { start } = machine(diskInHand, { boot: readBootId })
  assert.match(readBootId(), /^[0-9a-f-]{36}$/)
  start({ path }).begin('delivery A', 'sending').note()
  assert.equal(statSync(path).size, FILE_BYTES)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const second = start({ path })
  assert.equal(second.suspects().get('delivery A')?.[0]?.stage, 'sending')
  assert.match(readFileSync(`${path}.suspects`, 'utf8'), /"delivery A"/)
  second.clear('delivery A')
  second.begin('delivery B').note()
  second[Symbol.dispose]()
  truncateSync(path, 700)
  writeFileSync(`${path}.suspects`, '{')
  const third = start({ path })
  assert.equal(third.suspects().size, 0)
  third[Symbol.dispose]()
  assert.equal(statSync(path).size, FILE_BYTES)
})

test('crashes of other processes count with those found here, each once, and are kept', () => {
  const disk = memoryDisk()
  const { start } = machine(disk)
  start().begin('reception a').note()
  const first = start()
  const [own] = first.suspects().get('reception a') ?? []
  assert.ok(own !== undefined)
  const others = { ...own, run: { ...own.run, pid: 9 } }
  first.learn([
    { key: 'reception a', crash: own },
    { key: 'reception a', crash: others },
    { key: 'reception b', crash: others },
  ])
  assert.deepEqual([first.crashes('reception a'), first.crashes('reception b')], [2, 1])
  const before = disk.bytes.get('hand.suspects')
  first.learn([{ key: 'reception b', crash: others }])
  assert.equal(disk.bytes.get('hand.suspects'), before, 'nothing new is not written')
  using _hand = first.begin('reception b')
  assert.equal(first.suspectsInHand(), 1)
  first[Symbol.dispose]()
  assert.equal(start().crashes('reception a'), 2)
})
