// SPDX-License-Identifier: Apache-2.0
/**
 * Group commit (design 2.8): what is to be written gathers while a sync runs, then goes out in one write and one sync,
 * and only then is anybody told. A write or sync that failed ends its segment for good, since a sync that is tried again
 * may lie: the group is refused, and the next segment's header says that it never counted.
 *
 * One segment ahead lies ready (spares.ts). When the disk is full, fresh mail is refused, and what becomes of mail that was
 * accepted still has that room to be written down in.
 */
import type { Clock } from '../../clock/clock.ts'
import type { Log } from '../../monitor/log.ts'
import { type FileLayer, type OpenFile, writeAll } from '../file-layer.ts'
import type { LedgerTotals } from '../store.ts'
import type { Folders } from './folders.ts'
import { encodeGroup, GROUP_HEAD, groupBytes, type NewRecord, recordBytes } from './group.ts'
import { MAX_SEGMENT, type Span } from './position.ts'
import { HEADER_BYTES, type SegmentHeader, writeHeader } from './segment-header.ts'
import { type Segment, type Segments, spanIn } from './segments.ts'
import type { Spare, Spares } from './spares.ts'

export interface WriterParts {
  readonly files: FileLayer
  readonly folders: Folders
  readonly segments: Segments
  readonly log: Log
  readonly clock: Clock
  readonly spares: Spares
  readonly totals: () => LedgerTotals
  /** The longest that a group waits, since the one before it was settled, for as many to come along; milliseconds. */
  readonly gatherMs: number
  /** A segment ends when the next group would make it longer. */
  readonly segmentBytes: number
  /** A group counts, and all that it changed has been applied: so many octets more. */
  readonly written: (octets: number) => void
}

/**
 * The disk refused a write, and then refused to write down that it had: what was to be written may be found at the
 * next start all the same.
 */
export class RefusedUncertainly extends Error {
  override readonly name = 'RefusedUncertainly'
}

/** Octets of one group, unless a single record is larger. */
const MAX_GROUP = 4 << 20
/** While the disk is full it is asked as often whether it still is. */
const ASK_AGAIN_MS = 1000

/** Groups up to this are put together in one place that is kept. */
const ROOM_BYTES = 128 * 1024

/** A record on its way. One of the last two is called. */
export interface Append {
  readonly record: NewRecord
  /** What becomes of accepted mail: may use the room that is kept for it. */
  readonly urgent: boolean
  /** Nobody waits for it. */
  readonly leisurely: boolean
  /** It is durable and counts, in the order of the log, and lies there. */
  applied(at: Span): void
  /** The whole group has been applied. */
  resolve(): void
  /** The record is not in the log and will not be found there (or RefusedUncertainly). */
  reject(error: unknown): void
}

export class LogWriter {
  readonly #parts: WriterParts
  #pending: Append[] = []
  readonly #room = Buffer.allocUnsafeSlow(ROOM_BYTES)
  #running: Promise<void> | undefined
  #current: Spare | undefined
  #spare: Spare | undefined
  #preparing: Promise<void> | undefined
  /** Why there is no segment ahead, and when it was tried. */
  #noRoom: { readonly error: unknown; readonly at: number } | undefined
  #resumable: Segment | undefined
  #sequence: number
  /** Of those pending, how many somebody waits for. */
  #awaited = 0
  /** So many of them may be there at one time: as many as lately were. */
  #expected = 1
  /** When the last group was settled. */
  #settled = Number.NEGATIVE_INFINITY
  /** Ends the wait for company. */
  #goOn: (() => void) | undefined
  /** Every octet of the group under way has been handed to the disk. */
  #whole = false
  /** The last segment that counts. */
  #previous: SegmentHeader['previous']

  constructor(
    parts: WriterParts,
    start: { readonly sequence: number; readonly previous?: SegmentHeader['previous']; readonly open?: Segment },
  ) {
    this.#parts = parts
    this.#sequence = start.sequence
    this.#previous = start.previous
    this.#resumable = start.open
  }

  append(append: Append): void {
    if (GROUP_HEAD + recordBytes(append.record) > MAX_SEGMENT - HEADER_BYTES) {
      append.reject(new RangeError('the message is too large for the queue'))
      return
    }
    this.#pending.push(append)
    if (!append.leisurely) this.#awaited++
    this.#running ??= this.#run()
    if (this.#awaited >= this.#expected) this.#goOn?.()
  }

  /** The place from which the log would have to be read again: its end. `undefined` before anything was written. */
  get end(): { readonly segment: number; readonly end: number; readonly sequence: number } | undefined {
    const at =
      this.#current === undefined
        ? this.#previous
        : { segment: this.#current.segment.number, end: this.#current.segment.end }
    return at === undefined ? undefined : { ...at, sequence: this.#sequence }
  }

  /**
   * Goes on in the segment that is open, or begins one. Rejects when the disk will not have it, and then the next
   * append tries again.
   */
  async begin(): Promise<void> {
    const { files, folders } = this.#parts
    const segment = this.#resumable
    this.#resumable = undefined
    if (segment === undefined) await this.#begin()
    else {
      this.#current = { segment, file: await files.open(folders.path(segment.path), 'write') }
      this.#prepare()
    }
  }

  /** Resolves when everything that was appended has been settled. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Nothing may be appended any more. */
  async close(): Promise<void> {
    await this.drained()
    await this.#preparing
    for (const open of [this.#current, this.#spare]) await this.#closeQuietly(open?.file)
    this.#current = undefined
    this.#spare = undefined
  }

  async #run(): Promise<void> {
    // Not in the call that brought the first of them: whoever comes in the same turn goes with it.
    await undefined
    while (this.#pending.length > 0) {
      const wait = this.#waitFor()
      if (wait > 0) await this.#gather(wait)
      const before = this.#awaited
      const taken = this.#take()
      const awaited = before - this.#awaited
      const sure = this.#preparing === undefined && this.#noRoom === undefined
      const group = sure ? taken : await this.#withRoom(taken)
      if (group.length > 0) await this.#settle(group)
      this.#settled = this.#parts.clock.monotonic()
      // Who came meanwhile cannot be one of those who waited: so many are there at one time.
      this.#expected = Math.max(1, this.#expected - 1, awaited + this.#awaited)
    }
    this.#running = undefined
  }

  /**
   * A sync costs as much as all else that is done for a message, and those who are answered together come again together.
   * So a group waits a moment for as many as there were at one time lately; whoever comes alone does not wait.
   * @returns milliseconds, 0 when it is time
   */
  #waitFor(): number {
    if (this.#awaited >= this.#expected) return 0
    return Math.max(0, this.#settled + this.#parts.gatherMs - this.#parts.clock.monotonic())
  }

  /** Until the time is over, or as many are there as lately were. */
  async #gather(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#goOn = resolve
    const cancel = this.#parts.clock.after(ms, resolve)
    await promise
    cancel()
    this.#goOn = undefined
  }

  #take(): readonly Append[] {
    let octets = 0
    const next = this.#pending.findIndex(({ record }, i) => {
      octets += recordBytes(record)
      return i > 0 && octets > MAX_GROUP
    })
    const rest = next === -1 ? [] : this.#pending.splice(next)
    const taken = this.#pending
    this.#pending = rest
    this.#awaited = rest.reduce((count, { leisurely }) => (leisurely ? count : count + 1), 0)
    return taken
  }

  /** Without those that there is no room for, which are refused. */
  async #withRoom(group: readonly Append[]): Promise<readonly Append[]> {
    const no = group.every(({ urgent }) => urgent) ? undefined : await this.#whyNoRoom()
    if (no === undefined) return group
    for (const append of group) if (!append.urgent) append.reject(no.error)
    return group.filter(({ urgent }) => urgent)
  }

  async #settle(group: readonly Append[]): Promise<void> {
    let octets: number
    try {
      octets = await this.#write(group)
    } catch (error) {
      this.#parts.log.error('queue.not-written', { err: error, records: group.length })
      const refused = await this.#leave(error)
      for (const append of group) append.reject(refused)
      return
    }
    for (const append of group) append.resolve()
    this.#parts.written(octets)
  }

  /** Gives the octets of the group. */
  async #write(group: readonly Append[]): Promise<number> {
    const records = group.map(({ record }) => record)
    const octets = groupBytes(records)
    const full = (end: number): boolean => end > HEADER_BYTES && end + octets > this.#parts.segmentBytes
    if (this.#current !== undefined && full(this.#current.segment.end)) {
      await this.#closeQuietly(this.#current.file)
      this.#previous = { segment: this.#current.segment.number, end: this.#current.segment.end }
      this.#current = undefined
    }
    const { segment, file } = this.#current ?? (await this.#begin())
    const bytes = encodeGroup(segment.salt, this.#sequence, records, this.#room)
    this.#whole = false
    await writeAll(file, bytes, segment.end)
    this.#whole = true
    await file.datasync()
    let offset = segment.end + GROUP_HEAD
    segment.end += bytes.length
    this.#sequence++
    for (const append of group) {
      const length = recordBytes(append.record)
      append.applied(spanIn(segment, { offset, bytes: length }))
      offset += length
    }
    return octets
  }

  /** Ends the segment where it last was durable. Gives what to tell those whose group it was. */
  async #leave(error: unknown): Promise<unknown> {
    const left = this.#current
    if (left === undefined) return error // it was never begun, so nothing was written
    this.#current = undefined
    left.segment.failed = true
    this.#previous = { segment: left.segment.number, end: left.segment.end }
    await this.#closeQuietly(left.file)
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        await this.#begin()
        return error
      } catch (cause) {
        this.#parts.log.error('queue.segment-not-begun', { err: cause })
      }
    }
    // A group that found no room is not whole, and so does not count whatever happens.
    return isFull(error) && !this.#whole
      ? error
      : new RefusedUncertainly('the disk refuses to be written to', { cause: error })
  }

  async #begin(): Promise<Spare> {
    const open = await this.#takeSpare()
    const { segment, file } = open
    const header: SegmentHeader = {
      number: segment.number,
      kind: 'log',
      salt: segment.salt.toString('hex'),
      sequence: this.#sequence,
      totals: this.#parts.totals(),
      ...(this.#previous === undefined ? {} : { previous: this.#previous }),
      ...(segment.reused === undefined ? {} : { reused: segment.reused }),
    }
    try {
      await writeHeader(file, header)
    } catch (error) {
      await this.#closeQuietly(file) // whatever it says now, nothing lies in it
      throw error
    }
    segment.end = HEADER_BYTES
    this.#parts.segments.add(segment)
    this.#current = open
    this.#prepare()
    return open
  }

  async #takeSpare(): Promise<Spare> {
    await this.#preparing
    const spare = this.#spare ?? (await this.#parts.spares.take())
    this.#spare = undefined
    return spare
  }

  /** Has a segment ready for when this one ends, made while others work. */
  #prepare(): void {
    this.#preparing ??= this.#tryPrepare().finally(() => {
      this.#preparing = undefined
    })
  }

  async #tryPrepare(): Promise<void> {
    const { log, clock, spares } = this.#parts
    try {
      this.#spare ??= await spares.take()
      this.#noRoom = undefined
    } catch (error) {
      if (this.#noRoom === undefined) log.error('queue.no-room-ahead', { err: error })
      this.#noRoom = { error, at: clock.monotonic() }
    }
  }

  /** Fresh mail is taken only while there is a segment ahead. */
  async #whyNoRoom(): Promise<{ readonly error: unknown } | undefined> {
    await this.#preparing
    if (this.#noRoom !== undefined && this.#parts.clock.monotonic() - this.#noRoom.at >= ASK_AGAIN_MS) {
      this.#prepare()
      await this.#preparing
    }
    return this.#noRoom
  }

  /** All that counts of the file has been synced. */
  async #closeQuietly(file: OpenFile | undefined): Promise<void> {
    try {
      await file?.close()
    } catch (error) {
      this.#parts.log.warn('queue.segment-not-closed', { err: error })
    }
  }
}

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
