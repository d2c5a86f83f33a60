// SPDX-License-Identifier: Apache-2.0
/**
 * Sequence files of mapping tables, `$#file#` (spec mapping-tables.md 4.7): a number in a file, raised by one at each
 * asking. Exact between processes of this machine: whoever raises it listens on a socket of an abstract name, which
 * the system takes away however the process ends. The digits are written over the old ones in one call, so that a
 * process that dies leaves the old number or the new one, never none. Not synced: after a loss of power a number may
 * come twice.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Lookup } from '../ask/lookup.ts'
import type { Clock } from '../clock/clock.ts'

/** Whoever has the file needs far less than a millisecond; after this long something is wrong. */
const PATIENCE_MS = 5000
/** Between two tries for the socket. */
const LONGEST_PAUSE_MS = 20
/** A number and a line end; a longer file holds something else. */
const MAX_OCTETS = 64

export type TakeNumber = (file: string) => Promise<Lookup<number>>

/** @param clock for the patience with others */
export function sequenceFiles(clock: Pick<Clock, 'monotonic' | 'after'>): TakeNumber {
  /** Askers of this process queue here, in their order. */
  const last = new Map<string, Promise<unknown>>()
  return (file) => {
    const before = last.get(file) ?? Promise.resolve()
    const taken = before.then(() => take(file, clock))
    last.set(file, taken)
    void taken.then(() => {
      if (last.get(file) === taken) last.delete(file)
    })
    return taken
  }
}

/** Never rejects. */
async function take(file: string, clock: Pick<Clock, 'monotonic' | 'after'>): Promise<Lookup<number>> {
  try {
    await using handle = await open(file, 'r+')
    const { dev, ino } = await handle.stat({ bigint: true })
    // By device and inode: two names of one file are one sequence.
    await using lock = await lockOf(`${dev} ${ino}`, clock)
    if (lock === undefined) return { kind: 'defer', cause: `another process does not let go of ${file}` }
    return await raise(handle, file)
  } catch (error) {
    // 4.7 [U]: a missing or unwritable file fails.
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'EISDIR'].includes(code)) return { kind: 'absent' }
    return { kind: 'defer', cause: error instanceof Error ? error.message : String(error) }
  }
}

async function raise(handle: FileHandle, file: string): Promise<Lookup<number>> {
  const buffer = Buffer.alloc(MAX_OCTETS + 1)
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
  const text = buffer.toString('latin1', 0, bytesRead)
  const trimmed = text.trim()
  // 4.7 [U]: an empty file counts as 0.
  const number = trimmed === '' ? 0 : /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : Number.NaN
  if (bytesRead > MAX_OCTETS || !Number.isSafeInteger(number + 1))
    return { kind: 'defer', cause: `${file} holds no number` }
  const next = Buffer.from(`${number + 1}\n`.padEnd(bytesRead, '\n'), 'latin1')
  await handle.write(next, 0, next.length, 0)
  return { kind: 'found', value: number + 1 }
}

async function lockOf(name: string, clock: Pick<Clock, 'monotonic' | 'after'>): Promise<AsyncDisposable | undefined> {
  const path = `\0postern-sequence-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
  const until = clock.monotonic() + PATIENCE_MS
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const lock = await listenOn(path)
    if (lock !== undefined) return lock
    if (clock.monotonic() >= until) return undefined
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
  }
}

/** `undefined`: another process has it. */
function listenOn(path: string): Promise<AsyncDisposable | undefined> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    // A bound socket is enough to keep others out, in a cluster of workers too.
    server.listen({ path, exclusive: true }, () =>
      resolve({ [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())) }),
    )
  })
}
