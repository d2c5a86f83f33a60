// SPDX-License-Identifier: Apache-2.0
/** Appends lines to the newest trace file, not durably, and begins a new one when the day or the size says so. */
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dayOf, fileName, type TraceFile, traceFiles } from './trace-files.ts'

export interface Appender {
  /** The file being written, once one is. */
  readonly current: string | undefined
  /** Whole lines. Resolves to the octets that are in the file; fewer than all when the disk said no, with the cause. */
  append(bytes: Uint8Array, nowMs: number): Promise<{ readonly written: number; readonly cause?: unknown }>
  close(): Promise<void>
}

interface Open {
  readonly file: TraceFile
  readonly handle: FileHandle
  bytes: number
  /** Written and not handed to the disk yet. */
  unsynced: number
}

/**
 * Handed to the disk in small pieces. Left to the system they gather for half a minute, and then whoever syncs a message
 * waits for all of them.
 */
const SYNC_BYTES = 1 << 20

/** @param writer names the files of this process where several write */
export function createAppender(directory: string, maxFileBytes: number, writer: string): Appender {
  let open: Open | undefined
  const close = async (): Promise<void> => {
    const { handle } = open ?? {}
    open = undefined
    await handle?.close()
  }
  return {
    get current() {
      return open?.file.name
    },
    async append(bytes, nowMs) {
      let done = 0
      try {
        // A clock that runs backwards must not make files that sort before older ones.
        if (open === undefined || open.bytes >= maxFileBytes || open.file.day < dayOf(nowMs)) {
          await close()
          open = await openNewest(directory, dayOf(nowMs), maxFileBytes, writer)
        }
        while (done < bytes.length) done += (await open.handle.write(bytes, done)).bytesWritten
        open.bytes += bytes.length
        open.unsynced += bytes.length
        if (open.unsynced >= SYNC_BYTES) await handOver(open)
        return { written: done }
      } catch (cause) {
        // What is left of a line that did not fit is closed off when the file is opened again.
        await close().catch(() => {})
        return { written: done, cause }
      }
    },
    close,
  }
}

/** A history need not survive a power cut, so what a sync says is of no matter; a disk that is full says so to a write. */
async function handOver(open: Open): Promise<void> {
  open.unsynced = 0
  await open.handle.datasync().catch(() => {})
}

async function openNewest(directory: string, day: string, maxFileBytes: number, writer: string): Promise<Open> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const last = traceFiles(await readdir(directory)).findLast((file) => file.writer === writer)
  const number = last === undefined || last.day < day ? 0 : last.number
  const into = last === undefined || last.day < day ? day : last.day
  const opened = await openOne(directory, { day: into, number, writer })
  if (opened.bytes < maxFileBytes) return opened
  await opened.handle.close()
  return await openOne(directory, { day: into, number: number + 1, writer })
}

async function openOne(directory: string, file: Omit<TraceFile, 'name'>): Promise<Open> {
  const name = fileName(file)
  const handle = await open(join(directory, name), 'a+', 0o600)
  try {
    const { size } = await handle.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await handle.read(last, 0, 1, size - 1)
    // A crash or a full disk cut the last line: end it, so that it spoils no other.
    const torn = size > 0 && last[0] !== 0x0a
    if (torn) await handle.write('\n')
    return { file: { ...file, name }, handle, bytes: torn ? size + 1 : size, unsynced: 0 }
  } catch (error) {
    await handle.close()
    throw error
  }
}
