// SPDX-License-Identifier: Apache-2.0
/**
 * Records of a trace file with their places. Reads without waiting for others, so it belongs in the indexer's process
 * and in tools, not in the process that talks to clients. A line that is cut, too long or no record is passed over.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { TraceRecord } from '../policy/trace.ts'
import { isRecord } from './record-form.ts'

/** A trace has 64 KiB; JSON may write a character as six. */
export const MAX_LINE_BYTES = 512 * 1024
const BLOCK_BYTES = 1024 * 1024

export interface Line {
  readonly offset: number
  readonly bytes: Buffer
}

/** Complete lines of at most MAX_LINE_BYTES from `from` on. The last, without its end, is left for the next time. */
export function* linesOf(path: string, from: number): Generator<Line> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    // Deleted by age between listing and opening.
    return
  }
  try {
    const { size } = fstatSync(fd)
    let rest = Buffer.alloc(0)
    let restAt = from
    let skipping = false
    for (let at = from; at < size; ) {
      // Behind what is left of the block before, so that a line has its octets together.
      const block = Buffer.allocUnsafe(rest.length + Math.min(BLOCK_BYTES, size - at))
      const got = readSync(fd, block, rest.copy(block), block.length - rest.length, at)
      if (got === 0) return
      at += got
      const data = block.subarray(0, rest.length + got)
      let start = 0
      for (let end = data.indexOf(0x0a); end !== -1; end = data.indexOf(0x0a, start)) {
        if (!skipping && end - start <= MAX_LINE_BYTES)
          yield { offset: restAt + start, bytes: data.subarray(start, end) }
        skipping = false
        start = end + 1
      }
      const left = data.length - start
      skipping ||= left > MAX_LINE_BYTES
      rest = skipping ? Buffer.alloc(0) : data.subarray(start)
      restAt = at - rest.length
    }
  } finally {
    closeSync(fd)
  }
}

/** The record of one line that was found earlier; `undefined` when the file is gone or something else stands there. */
export function recordAt(path: string, offset: number, length: number): TraceRecord | undefined {
  try {
    const fd = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(Math.min(length, MAX_LINE_BYTES))
      readSync(fd, bytes, 0, bytes.length, offset)
      return parseRecord(bytes)
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/** Our own writer made it; what does not look like that is not one. */
export function parseRecord(bytes: Buffer): TraceRecord | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

const STEPS = Buffer.from(',"steps":[')

/**
 * The same for who wants no steps and facts, which are nearly all of a trace: they are not parsed, and are empty in what
 * it gives. Within a text a quote is escaped, so what looks like the beginning of the steps is none but that.
 */
export function parseWithoutSteps(bytes: Buffer): TraceRecord | undefined {
  const at = bytes.indexOf(STEPS)
  if (at === -1 || bytes.at(-1) !== 0x7d) return parseRecord(bytes)
  try {
    const value: unknown = JSON.parse(`${bytes.toString('utf8', 0, at)},"steps":[],"facts":[]}`)
    if (isRecord(value)) return value
  } catch {
    // As below.
  }
  // Another order than that of our writer.
  return parseRecord(bytes)
}
