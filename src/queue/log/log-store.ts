// SPDX-License-Identifier: Apache-2.0
/**
 * The queue store on a log of its own (docs/architecture.md, "The queue store"): records in segments (group.ts,
 * segment-header.ts, change.ts), written by group commit (writer.ts), read where they lie (reader.ts). In memory is an
 * entry for each message (messages.ts). One process at a time (directory-lock.ts).
 */
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { type Clock, systemClock } from '../../clock/clock.ts'
import { type LedgerEvent, LedgerViolation } from '../../envelope/ledger.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import { WholeContent } from '../../mime/whole-content.ts'
import type { Log } from '../../monitor/log.ts'
import { lockDirectory } from '../directory-lock.ts'
import { oldestFirst } from '../entry.ts'
import { diskFiles, type FileLayer, removeFile } from '../file-layer.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import type { Draft, LedgerTotals, QueuedMessage, QueueEntry, QueueStore } from '../store.ts'
import { isFinished, statesAfter, statesAtCommit } from '../totals.ts'
import { type Change, encodeChange } from './change.ts'
import { writeCheckpoint } from './checkpoint.ts'
import { Compaction } from './compaction.ts'
import { readContentFile } from './content-file.ts'
import { type Content, type DraftParts, LogDraft } from './draft.ts'
import { Evidence } from './evidence.ts'
import { Folders } from './folders.ts'
import { type LoadedMessage, loadMessage } from './loaded-message.ts'
import { type Kept, type Messages, sumOf } from './messages.ts'
import { refuseOldFormat } from './old-format.ts'
import { DamagedRecord, Reader } from './reader.ts'
import { Recent } from './recent.ts'
import { type Recovered, recover } from './recovery.ts'
import type { Segments } from './segments.ts'
import { Spares } from './spares.ts'
import { Upkeep } from './upkeep.ts'
import { LogWriter } from './writer.ts'

export interface LogStoreOptions {
  readonly log: Log
  readonly clock?: Clock
  readonly files?: FileLayer
  readonly random?: (octets: number) => Uint8Array
  /** How long a group of the log waits for others to come along (writer.ts); 0: never. */
  readonly gatherMs?: number
  /** A segment ends when the next group would make it longer. */
  readonly segmentBytes?: number
  /** Octets kept free for what becomes of accepted mail when the disk is full. */
  readonly spareBytes?: number
  /** Compaction and checkpoints of themselves; tests call for them. */
  readonly background?: boolean
}

/** Beside the contract: what tools and tests need. */
export interface LogStore extends QueueStore {
  /** What was found at start. */
  readonly recovered: Recovered
  /** Takes in a message in the state given, as `export` wrote it. Rejects when it is in the queue already. */
  takeIn(message: QueuedMessage, content: AsyncIterable<Uint8Array>): Promise<void>
  /** Writes a checkpoint now. */
  checkpoint(): Promise<void>
  /** Makes room: works off the oldest segment, whatever is in it. */
  compact(): Promise<void>
  /** Octets on the disk in segments, and those of them that are needed. */
  space(): { readonly octets: number; readonly live: number }
}

const GATHER_MS = 10
const SEGMENT_BYTES = 16 << 20
const SPARE_BYTES = 1 << 20
const URGENT = { urgent: true }
/** With as few recipients each record holds them all, so that two records make a message. */
const FEW_RECIPIENTS = 8
/** Records of one message that have to be read one after the other, at most. */
const MAX_LATER = 1000

/**
 * @throws QueueInUse when another process has the directory; UnknownFormat when a later version wrote it; OldFormat
 * when mail of the development version with a file for each message lies there
 */
export async function openLogStore(directory: string, options: LogStoreOptions): Promise<LogStore> {
  const { files = diskFiles } = options
  await files.makeDirectory(directory)
  const lock = options.files === undefined ? await lockDirectory(directory) : undefined
  try {
    for (const folder of [directory, dirname(directory)]) await refuseOldFormat(files, folder)
    const folders = new Folders(directory, files, options.log)
    await folders.settle()
    const recovered = await recover(files, folders)
    const store = new SegmentedStore(directory, recovered, folders, { files, ...options }, lock)
    await store.mend()
    return store
  } catch (error) {
    await lock?.[Symbol.asyncDispose]()
    throw error
  }
}

class SegmentedStore implements LogStore {
  readonly recovered: Recovered
  readonly #directory: string
  readonly #files: FileLayer
  readonly #folders: Folders
  readonly #log: Log
  readonly #lock: AsyncDisposable | undefined
  readonly #messages: Messages
  readonly #segments: Segments
  readonly #reader: Reader
  readonly #writer: LogWriter
  readonly #compaction: Compaction
  readonly #evidence: Evidence
  readonly #recent = new Recent()
  readonly #arriving = new Set<MessageId>()
  readonly #inOrder = oneAtATime<MessageId>()
  readonly #drafts: DraftParts
  readonly #upkeep: Upkeep
  #closed = false

  constructor(
    directory: string,
    recovered: Recovered,
    folders: Folders,
    options: LogStoreOptions & { readonly files: FileLayer },
    lock: AsyncDisposable | undefined,
  ) {
    const {
      log,
      files,
      clock = systemClock,
      random = randomBytes,
      segmentBytes = SEGMENT_BYTES,
      gatherMs = GATHER_MS,
    } = options
    this.recovered = recovered
    this.#directory = directory
    this.#files = files
    this.#folders = folders
    this.#log = log
    this.#lock = lock
    this.#messages = recovered.messages
    this.#segments = recovered.segments
    this.#evidence = new Evidence(files, directory, log)
    this.#reader = new Reader(files, this.#segments, ({ path }) => folders.path(path))
    const spareBytes = options.spareBytes ?? Math.min(SPARE_BYTES, segmentBytes)
    const { segments } = recovered
    const spares = new Spares({ files, folders, segments, random, spareBytes })
    const totals = () => this.#messages.totals
    this.#writer = new LogWriter(
      {
        files,
        folders,
        segments,
        log,
        clock,
        gatherMs,
        spares,
        totals,
        segmentBytes,
        written: (octets) => this.#upkeep.appended(octets),
      },
      recovered,
    )
    this.#drafts = {
      files,
      folders,
      random,
      buffered: { octets: 0 },
      place: (envelope, content) => {
        const message = { envelope, recipients: statesAtCommit(envelope) }
        return this.#accept(message, { kind: 'message', id: envelope.id, envelope, sum: sumOf(message) }, content)
      },
    }
    this.#compaction = new Compaction({
      files,
      folders,
      segments,
      spares,
      log,
      clock,
      random,
      segmentBytes,
      messages: this.#messages,
      reader: this.#reader,
      inTurn: this.#inOrder,
      current: () => this.#writer.end?.segment,
      load: (kept) => this.#loadOrSetAside(kept),
      append: (change, content, urgent) => this.#append(change, content, { urgent }),
    })
    this.#upkeep = new Upkeep({
      log,
      segmentBytes,
      background: options.background ?? true,
      writeCheckpoint: () => this.#writeCheckpoint(),
      considerSpace: () => this.#compaction.consider(),
    })
  }

  /** Puts right what recovery found; where something was cut off, begins a segment that says so, and it stays cut. */
  async mend(): Promise<void> {
    const { findings, leftovers, unreadable, lost, cut } = this.recovered
    if (cut > 0) this.#log.warn('queue.tail-cut', { octets: cut })
    for (const finding of findings) await this.#evidence.keep(finding)
    for (const path of unreadable) await this.#evidence.move(this.#folders.path(path), path)
    for (const path of leftovers) await this.#remove(path)
    try {
      await this.#writer.begin()
    } catch (error) {
      this.#log.error('queue.segment-not-begun', { err: error }) // a full disk must not keep mail from leaving
    }
    for (const id of lost) {
      const kept = this.#messages.kept.get(id)
      if (kept !== undefined) await this.#giveUp(kept)
    }
    this.#upkeep.appended(0)
  }

  begin(): Draft {
    this.#mustBeOpen()
    return new LogDraft(this.#drafts)
  }

  *entries(): Iterable<QueueEntry> {
    for (const { entry } of this.#messages.kept.values()) yield entry
  }

  entry(id: MessageId): QueueEntry | undefined {
    return this.#messages.kept.get(id)?.entry
  }

  get(id: MessageId): QueuedMessage | undefined | Promise<QueuedMessage | undefined> {
    return this.#recent.get(id) ?? this.#readRecent(id, (work) => this.#inOrder(id, work))
  }

  async *messages(): AsyncIterable<QueuedMessage> {
    for (const id of oldestFirst(this.entries())) {
      const message = await this.get(id)
      if (message !== undefined) yield message
    }
  }

  content(id: MessageId): AsyncIterable<Uint8Array> {
    const known = this.#messages.kept.has(id) ? this.#recent.content(id) : undefined
    if (known === undefined) return this.#readContent(id)
    return new WholeContent(known)
  }

  async *#readContent(id: MessageId): AsyncGenerator<Uint8Array> {
    const kept = this.#messages.kept.get(id)
    if (kept === undefined) throw new Error(`no message ${id} in the queue`)
    try {
      const { content, file } = await this.#load(kept)
      if (file !== undefined) yield* readContentFile(this.#files, this.#folders.path(file.path), file)
      else if (content.length > 0) yield content
    } catch (error) {
      if (error instanceof DamagedRecord) await this.#inOrder(id, () => this.#setAside(kept, error))
      throw error
    }
  }

  record(id: MessageId, events: readonly LedgerEvent[]): Promise<QueuedMessage> {
    return this.#inOrder(id, () => this.#record(id, events))
  }

  ledger(): LedgerTotals {
    return this.#messages.totals
  }

  async takeIn(message: QueuedMessage, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#mustBeOpen()
    const { envelope, recipients } = message
    const { id } = envelope
    if (isFinished(message)) throw new LedgerViolation(`message ${id} has no recipient that waits`)
    await using draft = new LogDraft({
      ...this.#drafts,
      place: (_envelope, taken) => {
        const states = [...recipients.values()]
        return this.#accept(message, { kind: 'message', id, envelope, states, sum: sumOf(message) }, taken)
      },
    })
    for await (const chunk of content) await draft.write(chunk)
    await draft.commit(envelope)
  }

  checkpoint(): Promise<void> {
    return this.#upkeep.checkpoint()
  }

  compact(): Promise<void> {
    return this.#compaction.workOffOldest()
  }

  space(): { readonly octets: number; readonly live: number } {
    return { octets: this.#segments.octets('log') + this.#segments.octets('apart'), live: this.#messages.needed }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#upkeep.stop()
    await this.#compaction.stop()
    await this.#writer.drained()
    try {
      await this.checkpoint()
    } catch (error) {
      this.#log.warn('queue.checkpoint-not-written', { err: error }) // the log says the same
    }
    await this.#writer.close()
    await this.#reader[Symbol.asyncDispose]()
    await this.#lock?.[Symbol.asyncDispose]()
  }

  #accept(message: QueuedMessage, change: Change, { inline, file }: Content): Promise<void> {
    this.#mustBeOpen()
    const { id } = message.envelope
    if (this.#messages.kept.has(id) || this.#arriving.has(id)) throw new Error(`message ${id} is queued already`)
    this.#arriving.add(id)
    const whole = file === undefined ? change : { ...change, file }
    return this.#append(whole, inline, { urgent: false }, () =>
      this.#recent.set(message, file === undefined ? inline : undefined),
    )
  }

  async #record(id: MessageId, events: readonly LedgerEvent[]): Promise<QueuedMessage> {
    this.#mustBeOpen()
    const before = this.#recent.get(id) ?? (await this.#readRecent(id, (work) => work()))
    const kept = this.#messages.kept.get(id)
    if (before === undefined || kept === undefined) throw new LedgerViolation(`no message ${id} in the queue`)
    const { envelope } = before
    const recipients = statesAfter(before.recipients, events)
    const message: QueuedMessage = { envelope, recipients }
    const sum = sumOf(message, before)
    if (isFinished(message)) {
      // Whoever has it has it: nothing is behind this record.
      await this.#append({ kind: 'end', id, sum }, [], { urgent: true, leisurely: true }, () => this.#recent.delete(id))
      return message
    }
    const whole = recipients.size <= FEW_RECIPIENTS || wholeIsDue(kept)
    const changed = [...recipients.values()].filter((state) => before.recipients.get(state.recipient.index) !== state)
    const states = whole ? [...recipients.values()] : changed
    await this.#append({ kind: 'states', id, states, whole, sum }, [], URGENT, () => this.#recent.set(message))
    return message
  }

  /** Makes one change durable and applies it; `applied` is called at the moment it counts. */
  #append(
    change: Change,
    content: readonly Uint8Array[],
    { urgent, leisurely = false }: { readonly urgent: boolean; readonly leisurely?: boolean },
    applied: () => void = () => {},
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#writer.append({
      record: encodeChange(change, content),
      urgent,
      leisurely,
      applied: (at) => {
        const before = this.#messages.needed
        const left = this.#messages.apply(change, at)
        this.#upkeep.freed(Math.max(0, before - this.#messages.needed))
        this.#arriving.delete(change.id)
        applied()
        if (left?.file !== undefined) void this.#remove(left.file)
      },
      resolve,
      reject: (error) => {
        this.#arriving.delete(change.id)
        reject(error)
      },
    })
    return promise
  }

  /** @param inTurn how to be alone with the message */
  async #readRecent(
    id: MessageId,
    inTurn: (work: () => Promise<void>) => Promise<void>,
  ): Promise<QueuedMessage | undefined> {
    const kept = this.#messages.kept.get(id)
    if (kept === undefined) return undefined
    try {
      const { message } = await this.#load(kept)
      if (this.#messages.kept.get(id) === kept) this.#recent.set(message)
      return message
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error
      await inTurn(() => this.#setAside(kept, error))
      return undefined
    }
  }

  /** Reads a message where it lies; where it was moved meanwhile, there. */
  async #load(kept: Kept): Promise<LoadedMessage> {
    const { id } = kept.entry
    for (let at = kept; ; ) {
      try {
        return await loadMessage(this.#reader, at)
      } catch (error) {
        const now = this.#messages.kept.get(id)
        if (now === undefined || now === at) throw error
        at = now
      }
    }
  }

  /** Within the message's turn. */
  async #loadOrSetAside(kept: Kept): Promise<LoadedMessage | undefined> {
    try {
      return await loadMessage(this.#reader, kept)
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error
      await this.#setAside(kept, error)
      return undefined
    }
  }

  /** Within the message's turn. Does nothing when it has changed, and so was read, since. */
  async #setAside(kept: Kept, { message, bytes }: DamagedRecord): Promise<void> {
    const { id } = kept.entry
    if (this.#messages.kept.get(id) !== kept) return
    await this.#evidence.keep({ what: message, where: id, id, bytes })
    if (kept.file !== undefined) await this.#evidence.move(this.#folders.path(kept.file), kept.file)
    await this.#giveUp(kept)
  }

  /** The message cannot be had any more; its recipients leave the sums they came in by. */
  async #giveUp({ entry: { id, waiting } }: Kept): Promise<void> {
    await this.#append({ kind: 'lost', id, sum: { accepted: -waiting.length } }, [], URGENT, () =>
      this.#recent.delete(id),
    )
  }

  async #writeCheckpoint(): Promise<number> {
    const at = this.#writer.end
    return at === undefined ? 0 : await writeCheckpoint(this.#files, this.#directory, this.#messages, at)
  }

  /** What cannot be removed now is removed at the next start. */
  async #remove(path: string): Promise<void> {
    try {
      await removeFile(this.#files, this.#folders.path(path))
    } catch (error) {
      this.#log.warn('queue.file-not-removed', { path, err: error })
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Error('the queue is closed')
  }
}

/** Reading is done with fewer octets when all states are written again. */
const wholeIsDue = ({ base, later }: Kept): boolean =>
  later.length >= MAX_LATER || later.reduce((sum, { bytes }) => sum + bytes, 0) > 2 * base.bytes
