// SPDX-License-Identifier: Apache-2.0
/** The few things in-hand.ts asks of the disk. Synchronous: what is in hand is written down before it is touched. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { FILE_BYTES } from './in-hand-file.ts'

export interface SlotFile {
  /** Without a sync. @throws when not all of it could be written */
  write(bytes: Uint8Array, position: number): void
  /** Makes it hold nothing, and closes it. */
  clean(): void
}

export interface InHandFiles {
  /** The first `maxBytes` octets; `undefined` where there is no such file. */
  read(path: string, maxBytes: number): Buffer | undefined
  /** A whole new content, synced with its name; the old one stays when that fails. */
  replace(path: string, bytes: Uint8Array): void
  /** A file with this header and all slots free, its space taken now, so that a full disk does not matter later. */
  create(path: string, header: Uint8Array): SlotFile
}

export const diskInHand: InHandFiles = {
  read(path, maxBytes) {
    const fd = openIfThere(path)
    if (fd === undefined) return undefined
    try {
      const into = Buffer.alloc(Math.min(maxBytes, fstatSync(fd).size))
      return into.subarray(0, readSync(fd, into, 0, into.length, 0))
    } finally {
      closeSync(fd)
    }
  },
  replace(path, bytes) {
    const fresh = `${path}.new`
    const fd = openSync(fresh, 'w', 0o600)
    try {
      writeAll(fd, bytes, 0)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(fresh, path)
    const folder = openSync(dirname(path), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  },
  create(path, header) {
    // Not cut to nothing first: octets that are there already cost a full disk nothing.
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      // The header last: a new one above old slots would accuse those in them once more.
      writeAll(fd, Buffer.alloc(FILE_BYTES), 0)
      writeAll(fd, header, 0)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    return {
      write: (bytes, position) => writeAll(fd, bytes, position),
      clean() {
        try {
          writeAll(fd, Buffer.alloc(header.length), 0)
        } finally {
          closeSync(fd)
        }
      },
    }
  },
}

/** Of the machine's start, random(4); `''` where the system does not tell. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 40)
  } catch {
    return ''
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done)
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
