// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps the space of the queue under twice what is needed, and some segments. When there is too much, the oldest log
 * segment is worked off: what is still needed of it is written again at the log's end, and the segment goes, its file
 * to be used again (spares.ts). Mail that will lie for long (held, or not due for a while) does not come round again and
 * again: it is written together into segments apart from the log, and the log only says where it lies. An apart segment
 * goes when half of it is not needed any more and the rest has been written into another.
 *
 * Runs in the background, in small pieces, each an append among others; slower than commits unless space runs away.
 */
import type { Clock } from '../../clock/clock.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import type { Log } from '../../monitor/log.ts'
import { type FileLayer, type OpenFile, readSome, removeFile, writeAll } from '../file-layer.ts'
import type { QueueEntry } from '../store.ts'
import { NO_TOTALS } from '../totals.ts'
import { type Change, encodeChange, NOBODY } from './change.ts'
import type { Folders } from './folders.ts'
import { encodeGroup, GROUP_HEAD, scanGroups } from './group.ts'
import type { LoadedMessage } from './loaded-message.ts'
import type { Kept, Messages } from './messages.ts'
import { MAX_SEGMENT, packed, type Span, segmentOf } from './position.ts'
import type { Reader } from './reader.ts'
import { encodeHeader, HEADER_BYTES } from './segment-header.ts'
import { type Segment, type Segments, segmentName } from './segments.ts'
import type { Spares } from './spares.ts'

export interface CompactionParts {
  readonly files: FileLayer
  readonly folders: Folders
  readonly segments: Segments
  readonly spares: Spares
  readonly messages: Messages
  readonly reader: Reader
  readonly log: Log
  readonly clock: Clock
  readonly random: (octets: number) => Uint8Array
  readonly segmentBytes: number
  /** The segment that is being written. */
  readonly current: () => number | undefined
  /** Nobody else changes the message meanwhile. */
  readonly inTurn: (id: MessageId, work: () => Promise<void>) => Promise<void>
  /** Reads a message; one that cannot be read is set aside, which gives `undefined`. */
  readonly load: (kept: Kept) => Promise<LoadedMessage | undefined>
  readonly append: (change: Change, content: readonly Uint8Array[], urgent: boolean) => Promise<void>
}

/** Segments that may be there above twice what is needed. */
const SLACK = 3
/** Due in less than this, or younger: it will leave soon. */
const SOON_MS = 15 * 60_000
/** Older than this a message has been deferred a few times, and will be again. */
const OLD_MS = 60 * 60_000
/** Octets copied at a time; then others have their turn. */
const PIECE = 256 * 1024
const BYTES_PER_MS = 16_000
/** After a failure, for the disk to recover or an operator to make room. */
const AFTER_FAILURE_MS = 10_000

export class Compaction {
  readonly #parts: CompactionParts
  #running: Promise<void> | undefined
  #notBefore = 0
  #stopped = false
  #wake: () => void = () => {}

  constructor(parts: CompactionParts) {
    this.#parts = parts
  }

  /** Starts working where there is something to do. */
  consider(): void {
    if (this.#stopped || this.#running !== undefined || this.#parts.clock.monotonic() < this.#notBefore) return
    if (this.#victim() === undefined) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
    })
  }

  /** Works off the oldest log segment that is not being written, and apart segments of which too little is needed. */
  async workOffOldest(): Promise<void> {
    await this.#running
    const oldest = this.#oldest()
    if (oldest !== undefined) await this.#workOff(oldest, false)
    for (let victim = this.#victim(); victim !== undefined; victim = this.#victim()) await this.#workOff(victim, false)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#running
  }

  async #work(): Promise<void> {
    try {
      for (;;) {
        const victim = this.#victim()
        if (victim === undefined || this.#stopped) return
        await this.#workOff(victim, true)
      }
    } catch (error) {
      if (this.#stopped) return
      this.#parts.log.error('queue.not-compacted', { err: error })
      this.#notBefore = this.#parts.clock.monotonic() + AFTER_FAILURE_MS
    }
  }

  #oldest(): Segment | undefined {
    const [oldest] = this.#parts.segments.of('log')
    return oldest?.number === this.#parts.current() ? undefined : oldest
  }

  #live(segment: Segment): number {
    return this.#parts.messages.live.get(segment.number) ?? 0
  }

  #victim(): Segment | undefined {
    const { segments, segmentBytes } = this.#parts
    const oldest = this.#oldest()
    if (oldest !== undefined && (this.#live(oldest) === 0 || this.#excess('log') > SLACK * segmentBytes)) return oldest
    const apart = segments.of('apart').toSorted((a, b) => this.#live(a) / a.end - this.#live(b) / b.end)[0]
    if (apart === undefined) return undefined
    return this.#live(apart) === 0 || this.#excess('apart') > segmentBytes ? apart : undefined
  }

  /** Octets above twice what is needed. */
  #excess(kind: Segment['kind']): number {
    const { segments } = this.#parts
    return segments.of(kind).reduce((sum, segment) => sum + segment.end - 2 * this.#live(segment), 0)
  }

  async #workOff(victim: Segment, gently: boolean): Promise<void> {
    const { segments, messages, reader, spares, log, append } = this.#parts
    const ids = this.#live(victim) === 0 ? [] : await this.#needed(victim)
    if (victim.kind === 'apart') await this.#setApart(ids, victim, gently)
    else await this.#copy(ids, victim, gently)
    // What is damaged there is not met by reading it in order.
    if (this.#live(victim) > 0)
      for (const [id, kept] of messages.kept) if (lies(kept, victim)) await this.#copyOne(id, victim)
    if (this.#stopped && this.#live(victim) > 0) return
    if (this.#live(victim) > 0) throw new Error(`segment ${victim.number} cannot be emptied`)
    if (victim.kind === 'log') {
      const next = segments.of('log').find(({ number }) => number > victim.number)
      if (next === undefined) return
      await append({ kind: 'first', id: NOBODY, segment: next.number }, [], true)
    }
    segments.remove(victim.number)
    await reader.forget(victim.number)
    await spares
      .giveBack(victim)
      .catch((error: unknown) => log.warn('queue.file-not-removed', { path: victim.path, err: error }))
  }

  /** Messages of which something in this segment is needed, in the order in which it lies there. */
  async #needed(segment: Segment): Promise<readonly MessageId[]> {
    const { files, folders, messages } = this.#parts
    const file = await files.open(folders.path(segment.path), 'read')
    let bytes: Buffer
    try {
      bytes = await readSome(file, 0, segment.end)
    } finally {
      await file.close()
    }
    const ids = new Set<MessageId>()
    for (const found of scanGroups(bytes, HEADER_BYTES, segment.salt, segment.end)) {
      if (found.kind !== 'group') continue
      for (const record of found.group.records) {
        const id = record.id as MessageId
        const kept = messages.kept.get(id)
        if (kept !== undefined && spans(kept).some(({ at }) => at === packed(segment.number, record.offset)))
          ids.add(id)
      }
    }
    return [...ids]
  }

  async #copy(ids: readonly MessageId[], victim: Segment, gently: boolean): Promise<void> {
    const { messages, clock } = this.#parts
    const long: MessageId[] = []
    let pieces: Promise<void>[] = []
    let octets = 0
    const settle = async (): Promise<void> => {
      await Promise.all(pieces)
      if (gently) await this.#pause(octets)
      pieces = []
      octets = 0
    }
    for (const id of ids) {
      if (this.#stopped) break
      const kept = messages.kept.get(id)
      if (kept === undefined) continue
      if (!kept.apart && liesLong(kept.entry, clock.now())) {
        long.push(id)
        continue
      }
      pieces.push(this.#copyOne(id, victim))
      octets += kept.base.bytes
      if (octets >= PIECE) await settle()
    }
    await settle()
    if (long.length > 0) await this.#setApart(long, victim, gently)
  }

  /** Writes what is needed of one message at the log's end, so that nothing of it in the segment is. */
  async #copyOne(id: MessageId, victim: Segment): Promise<void> {
    const { inTurn, messages, load, append } = this.#parts
    await inTurn(id, async () => {
      const kept = messages.kept.get(id)
      if (kept === undefined || !lies(kept, victim)) return
      const loaded = await load(kept)
      if (loaded === undefined) return
      const { envelope, recipients } = loaded.message
      const states = [...recipients.values()]
      const file = loaded.file === undefined ? {} : { file: loaded.file }
      if (kept.apart && victim.kind === 'log')
        await append({ kind: 'place', id, base: kept.base, entry: kept.entry, states, ...file }, [], false)
      else await append({ kind: 'message', id, envelope, states, sum: {}, ...file }, [loaded.content], false)
    })
  }

  /** Writes messages into a new segment of their own, then has the log say so. */
  async #setApart(wanted: readonly MessageId[], victim: Segment, gently: boolean): Promise<void> {
    const { segments, folders, files, messages, inTurn, append } = this.#parts
    if (wanted.length === 0) return
    const ids = [...wanted, ...(await this.#ofSmall(victim))]
    const number = segments.takeNumber()
    const folder = await folders.current()
    const path = `${folder}/${segmentName('apart', number)}`
    const segment: Segment = {
      number,
      kind: 'apart',
      path,
      salt: Buffer.from(this.#parts.random(8)),
      end: HEADER_BYTES,
    }
    const written: { readonly kept: Kept; readonly base: Span; readonly loaded: LoadedMessage }[] = []
    const file = await files.open(folders.path(path), 'create')
    try {
      await this.#writeApart(file, segment, ids, written, gently)
      await folders.sync(folder)
    } catch (error) {
      await removeFile(files, folders.path(path)).catch(() => {}) // nobody names it: it goes at the next start
      throw error
    } finally {
      await file.close()
    }
    segments.add(segment)
    await Promise.all(
      written.map(({ kept, base, loaded }) =>
        inTurn(kept.entry.id, async () => {
          // One that changed meanwhile stays where it is, and is copied after this.
          if (messages.kept.get(kept.entry.id) !== kept) return
          const { entry } = kept
          const named = loaded.file === undefined ? {} : { file: loaded.file }
          await append({ kind: 'place', id: entry.id, base, entry, ...named }, [], false)
        }),
      ),
    )
    for (const id of ids) {
      const kept = messages.kept.get(id)
      if (kept !== undefined && lies(kept, victim)) await this.#copyOne(id, victim)
    }
  }

  async #writeApart(
    file: OpenFile,
    segment: Segment,
    ids: readonly MessageId[],
    written: { kept: Kept; base: Span; loaded: LoadedMessage }[],
    gently: boolean,
  ): Promise<void> {
    const { messages, load } = this.#parts
    const { number, salt } = segment
    const header = { number, kind: 'apart', salt: salt.toString('hex'), sequence: 1, totals: NO_TOTALS } as const
    await writeAll(file, encodeHeader(header), 0)
    for (const [i, id] of ids.entries()) {
      if (segment.end > MAX_SEGMENT / 2) break // the rest is copied one by one
      const kept = messages.kept.get(id)
      const loaded = kept === undefined ? undefined : await load(kept)
      if (kept === undefined || loaded === undefined) continue
      const { envelope, recipients } = loaded.message
      const named = loaded.file === undefined ? {} : { file: loaded.file }
      const change: Change = { kind: 'message', id, envelope, states: [...recipients.values()], sum: {}, ...named }
      const group = encodeGroup(salt, i + 1, [encodeChange(change, [loaded.content])])
      await writeAll(file, group, segment.end)
      const base = { at: packed(number, segment.end + GROUP_HEAD), bytes: group.length - GROUP_HEAD }
      segment.end += group.length
      written.push({ kept, base, loaded: { ...loaded, content: Buffer.alloc(0) } })
      if (gently && segment.end % PIECE < group.length) await this.#pause(PIECE)
    }
    await file.datasync()
  }

  /** What a small apart segment holds is taken along, so that there are few of them. */
  async #ofSmall(victim: Segment): Promise<readonly MessageId[]> {
    const { segments, segmentBytes } = this.#parts
    const small = segments.of('apart').find((each) => each !== victim && this.#live(each) < segmentBytes / 4)
    return small === undefined ? [] : await this.#needed(small)
  }

  async #pause(octets: number): Promise<void> {
    const { clock, segmentBytes } = this.#parts
    if (this.#stopped || this.#excess('log') > 4 * SLACK * segmentBytes) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const cancel = clock.after(octets / BYTES_PER_MS, resolve)
    await promise
    cancel()
  }
}

function* spans({ base, later }: Kept): Generator<Span> {
  yield base
  yield* later
}

const lies = (kept: Kept, { number }: Segment): boolean => spans(kept).some(({ at }) => segmentOf(at) === number)

/** Held, or not due soon, or deferred for long already. */
const liesLong = ({ waiting, receivedAt }: QueueEntry, now: number): boolean =>
  receivedAt < now - OLD_MS || waiting.every(({ nextAt = Number.POSITIVE_INFINITY }) => nextAt > now + SOON_MS)
