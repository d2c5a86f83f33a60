// SPDX-License-Identifier: Apache-2.0
/**
 * What a store does when it opens its directory, after any crash: what was never acknowledged is removed, a last line
 * that was cut short is cut off, and a journal that cannot be read is set aside with its content, never deleted.
 */
import { join } from 'node:path'
import type { MessageId } from '../envelope/message-id.ts'
import type { Log } from '../monitor/log.ts'
import { type FileLayer, readWhole, removeFile } from './file-layer.ts'
import { readJournal } from './journal.ts'
import { type QueueFiles, readName } from './queue-files.ts'
import type { QueuedMessage } from './store.ts'

export interface Recovered {
  readonly message: QueuedMessage
  /** Octets of its journal. */
  readonly length: number
}

/** Reads every message of the directory. Makes the directories where they are missing. */
export async function recover(files: FileLayer, paths: QueueFiles, log: Log): Promise<Recovered[]> {
  for (const directory of [...paths.subdirectories, paths.tmp, paths.damaged]) await files.makeDirectory(directory)
  await files.syncDirectory(join(paths.root, 'messages'))
  await files.syncDirectory(paths.root)
  for (const name of await files.list(paths.tmp)) await removeFile(files, join(paths.tmp, name))

  const found: Recovered[] = []
  for (const directory of paths.subdirectories) {
    const contents = new Set<MessageId>()
    const journals = new Set<MessageId>()
    for (const name of await files.list(directory)) {
      const entry = readName(name)
      if (entry === undefined) log.warn('queue.strange-file', { path: join(directory, name) })
      else (entry.part === 'content' ? contents : journals).add(entry.id)
    }
    // Content without a journal is of a message not yet accepted, or one that is over.
    for (const id of contents.difference(journals)) await removeFile(files, paths.of(id).content)
    for (const id of journals) {
      const recovered = await recoverOne(files, paths, id, contents.has(id), log)
      if (recovered !== undefined) found.push(recovered)
    }
  }
  return found
}

async function recoverOne(
  files: FileLayer,
  paths: QueueFiles,
  id: MessageId,
  hasContent: boolean,
  log: Log,
): Promise<Recovered | undefined> {
  const { directory, content, journal } = paths.of(id)
  const read = readJournal(await readWhole(files, journal))
  const why =
    read.kind === 'damaged'
      ? read.why
      : read.message.envelope.id !== id
        ? `it is the journal of ${read.message.envelope.id}`
        : hasContent || isOver(read.message)
          ? undefined
          : 'its content is missing'
  if (read.kind === 'damaged' || why !== undefined) {
    log.error('queue.journal-damaged', { id, why, movedTo: paths.damaged })
    if (hasContent) await files.rename(content, join(paths.damaged, `${id}.content`))
    await files.rename(journal, join(paths.damaged, `${id}.journal`))
    await files.syncDirectory(paths.damaged)
    await files.syncDirectory(directory)
    return undefined
  }
  if (read.torn) {
    log.warn('queue.journal-cut', { id, length: read.length })
    const file = await files.open(journal, 'write')
    try {
      await file.truncate(read.length)
      await file.datasync()
    } finally {
      await file.close()
    }
  }
  return { message: read.message, length: read.length }
}

/** Content is removed before the journal, so a finished message may have none. */
const isOver = ({ recipients }: QueuedMessage): boolean =>
  recipients.values().every(({ state }) => state !== 'queued' && state !== 'held')
