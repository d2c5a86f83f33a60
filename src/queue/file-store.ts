// SPDX-License-Identifier: Apache-2.0
/**
 * The queue on disk: a content file and a journal for each message (queue-files.ts, journal.ts). A commit resolves
 * after the content, the journal and their directory were synced; an event after its journal was. Envelopes and states
 * are kept in memory, contents are not. One process at a time (directory-lock.ts).
 */

import type { Envelope } from '../envelope/envelope.ts'
import { type LedgerEvent, LedgerViolation, type RecipientState } from '../envelope/ledger.ts'
import type { MessageId } from '../envelope/message-id.ts'
import type { Log } from '../monitor/log.ts'
import { lockDirectory } from './directory-lock.ts'
import { entryOf, oldestFirst } from './entry.ts'
import { diskFiles, type FileLayer, removeFile, writeAll, writeSynced } from './file-layer.ts'
import { FinishedLog } from './finished-log.ts'
import { eventsLine, firstLine, snapshotLine } from './journal.ts'
import { FileDraft } from './message-writer.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { QueueFiles } from './queue-files.ts'
import { recover } from './recovery.ts'
import { shareSyncs } from './shared-sync.ts'
import type { Draft, LedgerTotals, QueuedMessage, QueueEntry, QueueStore } from './store.ts'
import { addTotals, isFinished, statesAfter, statesAtCommit, totalsOf } from './totals.ts'

/** @throws QueueInUse when another process has the directory */
export async function openFileStore(
  directory: string,
  { log, files = diskFiles }: { readonly log: Log; readonly files?: FileLayer },
): Promise<QueueStore> {
  await files.makeDirectory(directory)
  const lock = await lockDirectory(directory)
  try {
    const store = new FileStore(new QueueFiles(directory), files, log, lock)
    await store.open()
    return store
  } catch (error) {
    await lock[Symbol.asyncDispose]()
    throw error
  }
}

interface Kept {
  message: QueuedMessage
  /** Octets of the journal that stand; `undefined` when the file cannot be trusted and must be written anew. */
  journalLength: number | undefined
}

class FileStore implements QueueStore {
  readonly #paths: QueueFiles
  readonly #files: FileLayer
  readonly #log: Log
  readonly #lock: AsyncDisposable
  readonly #kept = new Map<MessageId, Kept>()
  readonly #arriving = new Set<MessageId>()
  readonly #inOrder = oneAtATime<MessageId>()
  readonly #syncDirectory: (directory: string) => Promise<void>
  readonly #finished: FinishedLog
  #totals: LedgerTotals
  /** Finished messages that the log does not have yet, and those whose files are still to go. */
  #toLog: QueuedMessage[] = []
  #toRemove: MessageId[] = []
  #sweeping: Promise<void> | undefined
  #closed = false

  constructor(paths: QueueFiles, files: FileLayer, log: Log, lock: AsyncDisposable) {
    this.#paths = paths
    this.#files = files
    this.#log = log
    this.#lock = lock
    this.#syncDirectory = shareSyncs((path) => files.syncDirectory(path))
    this.#finished = new FinishedLog(paths.root, files, () => this.#syncSubdirectories(), log)
    this.#totals = this.#finished.totals
  }

  async open(): Promise<void> {
    const recovered = await recover(this.#files, this.#paths, this.#log)
    await this.#finished.read(this.#paths.damaged)
    this.#totals = this.#finished.totals
    const known = new Set(recovered.map(({ message }) => message.envelope.id as string))
    this.#finished.forgetAllBut(known)
    for (const { message, length } of recovered) {
      const { id } = message.envelope
      if (this.#finished.has(id)) {
        this.#toRemove.push(id)
        continue
      }
      this.#totals = addTotals(this.#totals, totalsOf(message))
      if (isFinished(message)) this.#toLog.push(message)
      else this.#kept.set(id, { message, journalLength: length })
    }
    await this.#sweep()
    try {
      await this.#finished.compact()
    } catch (error) {
      this.#log.error('queue.finished-log-not-written', { err: error }) // a full disk must not keep mail from leaving
    }
  }

  async begin(): Promise<Draft> {
    if (this.#closed) throw new Error('the queue is closed')
    return FileDraft.begin(this.#files, this.#paths.temporary(), (envelope, content) => this.#place(envelope, content))
  }

  *entries(): Iterable<QueueEntry> {
    for (const { message } of this.#kept.values()) yield entryOf(message)
  }

  entry(id: MessageId): QueueEntry | undefined {
    const kept = this.#kept.get(id)
    return kept === undefined ? undefined : entryOf(kept.message)
  }

  async get(id: MessageId): Promise<QueuedMessage | undefined> {
    return this.#kept.get(id)?.message
  }

  async *messages(): AsyncIterable<QueuedMessage> {
    for (const id of oldestFirst(this.entries())) {
      const message = await this.get(id)
      if (message !== undefined) yield message
    }
  }

  async *content(id: MessageId): AsyncIterable<Uint8Array> {
    if (!this.#kept.has(id)) throw new Error(`no message ${id} in the queue`)
    yield* this.#files.stream(this.#paths.of(id).content)
  }

  record(id: MessageId, events: readonly LedgerEvent[]): Promise<QueuedMessage> {
    return this.#inOrder(id, () => this.#record(id, events))
  }

  ledger(): LedgerTotals {
    return { ...this.#totals }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#sweep()
    await this.#lock[Symbol.asyncDispose]()
  }

  async #place(envelope: Envelope, contentPath: string): Promise<void> {
    const { id } = envelope
    if (this.#kept.has(id) || this.#arriving.has(id)) throw new Error(`message ${id} is queued already`)
    const recipients = statesAtCommit(envelope)
    this.#arriving.add(id)
    const { directory, content, journal } = this.#paths.of(id)
    const line = firstLine(envelope)
    const tmp = this.#paths.temporary()
    try {
      await writeSynced(this.#files, tmp, line)
      await this.#files.rename(contentPath, content)
      await this.#files.rename(tmp, journal)
      await this.#syncDirectory(directory)
    } catch (error) {
      // The client is told to try later, so this must not be found at the next start: the journal goes first.
      for (const path of [journal, content, tmp]) {
        await removeFile(this.#files, path).catch((cause: unknown) =>
          this.#log.error('queue.refused-message-not-removed', { id, path, err: cause }),
        )
      }
      throw error
    } finally {
      this.#arriving.delete(id)
    }
    const message = { envelope, recipients }
    this.#kept.set(id, { message, journalLength: line.length })
    this.#totals = addTotals(this.#totals, totalsOf(message))
  }

  async #record(id: MessageId, events: readonly LedgerEvent[]): Promise<QueuedMessage> {
    const kept = this.#kept.get(id)
    if (kept === undefined) throw new LedgerViolation(`no message ${id} in the queue`)
    const before = kept.message
    const recipients: ReadonlyMap<number, RecipientState> = statesAfter(before.recipients, events)
    const message = { envelope: before.envelope, recipients }
    await this.#append(id, kept, events, message)
    kept.message = message
    this.#totals = addTotals(addTotals(this.#totals, totalsOf(message)), totalsOf(before), -1)
    if (isFinished(message)) {
      this.#kept.delete(id)
      this.#toLog.push(message)
      void this.#sweep()
    }
    return message
  }

  /** One line and one sync. After a failure the file is written anew, since a sync that failed once may lie later. */
  async #append(id: MessageId, kept: Kept, events: readonly LedgerEvent[], after: QueuedMessage): Promise<void> {
    const { journal } = this.#paths.of(id)
    const length = kept.journalLength
    if (length !== undefined) {
      const line = eventsLine(events)
      kept.journalLength = undefined
      try {
        await this.#appendLine(journal, line, length)
        kept.journalLength = length + line.length
        return
      } catch (error) {
        this.#log.error('queue.journal-not-written', { id, err: error })
      }
    }
    kept.journalLength = await this.#rewrite(id, after, length)
  }

  async #appendLine(path: string, line: Uint8Array, position: number): Promise<void> {
    const file = await this.#files.open(path, 'write')
    try {
      await writeAll(file, line, position)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  /** @param lengthBefore of the old file, where that still was good before the events were added */
  async #rewrite(id: MessageId, message: QueuedMessage, lengthBefore: number | undefined): Promise<number> {
    const { directory, journal } = this.#paths.of(id)
    const line = snapshotLine(message)
    const tmp = this.#paths.temporary()
    try {
      await writeSynced(this.#files, tmp, line)
      await this.#files.rename(tmp, journal)
    } catch (error) {
      await removeFile(this.#files, tmp).catch(() => {}) // removed at the next start
      // Whether the events stand in the old file is not known; where it can be helped, they do not.
      if (lengthBefore !== undefined) await this.#cut(journal, lengthBefore)
      throw error
    }
    await this.#syncDirectory(directory)
    return line.length
  }

  async #cut(path: string, length: number): Promise<void> {
    try {
      const file = await this.#files.open(path, 'write')
      try {
        await file.truncate(length)
      } finally {
        await file.close()
      }
    } catch (error) {
      this.#log.error('queue.journal-not-cut', { path, err: error })
    }
  }

  /** Never rejects: what could not be done now is done by the next sweep, or at the next start. */
  #sweep(): Promise<void> {
    this.#sweeping ??= this.#sweepUntilDone().finally(() => {
      this.#sweeping = undefined
    })
    return this.#sweeping
  }

  async #sweepUntilDone(): Promise<void> {
    do {
      const batch = this.#toLog
      this.#toLog = []
      try {
        if (batch.length > 0) await this.#finished.add(batch.map((m) => ({ id: m.envelope.id, totals: totalsOf(m) })))
        for (const { envelope } of batch) this.#toRemove.push(envelope.id)
      } catch (error) {
        this.#log.error('queue.finished-log-not-written', { err: error, messages: batch.length })
        this.#toLog = [...batch, ...this.#toLog]
        return
      }
      const ids = this.#toRemove
      this.#toRemove = []
      await Promise.all(ids.map((id) => this.#removeFiles(id)))
    } while (this.#toLog.length > 0)
  }

  async #removeFiles(id: MessageId): Promise<void> {
    const { content, journal } = this.#paths.of(id)
    try {
      await removeFile(this.#files, content)
      await removeFile(this.#files, journal)
      this.#finished.removed(id)
    } catch (error) {
      this.#log.error('queue.file-not-removed', { id, err: error })
      this.#toRemove.push(id)
    }
  }

  async #syncSubdirectories(): Promise<void> {
    await Promise.all(this.#paths.subdirectories.map((directory) => this.#syncDirectory(directory)))
  }
}
