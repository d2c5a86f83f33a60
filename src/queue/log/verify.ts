// SPDX-License-Identifier: Apache-2.0
/** Reads everything in a queue's directory and says what is wrong with it. Changes nothing; no server may have it. */
import { isDeepStrictEqual } from 'node:util'
import { silentLog } from '../../monitor/log.ts'
import { lockDirectory } from '../directory-lock.ts'
import { entryOf } from '../entry.ts'
import { diskFiles, type FileLayer } from '../file-layer.ts'
import { readContentFile } from './content-file.ts'
import { Folders } from './folders.ts'
import { loadMessage } from './loaded-message.ts'
import type { Kept } from './messages.ts'
import { Reader } from './reader.ts'
import { recover } from './recovery.ts'

export interface Verified {
  readonly messages: number
  /** Octets of content read. */
  readonly octets: number
  /** One line each; none: all is as it was written. */
  readonly findings: readonly string[]
}

/** @throws QueueInUse when a server has the directory; UnknownFormat */
export async function verifyQueue(directory: string, files: FileLayer = diskFiles): Promise<Verified> {
  await using _lock = await lockDirectory(directory)
  const folders = new Folders(directory, files, silentLog)
  const whole = await recover(files, folders, { checkpoint: false })
  const { messages, segments } = whole
  const findings = whole.findings.map(({ what, where, id }) => `${where}: ${what}${id === undefined ? '' : ` (${id})`}`)

  await using reader = new Reader(files, segments, ({ path }) => folders.path(path))
  let octets = 0
  const check = async (kept: Kept): Promise<void> => {
    const { message, content, file } = await loadMessage(reader, kept)
    octets += content.length
    if (file !== undefined)
      for await (const piece of readContentFile(files, folders.path(file.path), file)) octets += piece.length
    if (!isDeepStrictEqual(entryOf(message.envelope, message.recipients.values()), kept.entry))
      throw new Error('what waits is not what its records say')
  }
  for (const [id, kept] of messages.kept) {
    try {
      await check(kept)
    } catch (error) {
      findings.push(`${id}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  const short = await recover(files, folders)
  const same =
    isDeepStrictEqual(short.messages.totals, messages.totals) &&
    short.messages.kept.size === messages.kept.size &&
    messages.kept.entries().every(([id, { entry }]) => isDeepStrictEqual(short.messages.kept.get(id)?.entry, entry))
  if (!same) findings.push('checkpoint: it does not lead to what the whole log says')
  return { messages: messages.kept.size, octets, findings }
}
