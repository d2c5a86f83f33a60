// SPDX-License-Identifier: Apache-2.0
/**
 * Lines that wait for the disk, put together as they come: each is copied once, to where a write takes it from. One
 * write at a time; lines may come while it is under way.
 */

interface Batch {
  readonly bytes: Buffer
  /** Where each of its lines ends. */
  readonly ends: number[]
  /** Lines of it that wait no longer. */
  written: number
}

export class WaitingLines {
  readonly #batchBytes: number
  /** The last one is filled, the first one is written; none is empty. */
  readonly #batches: Batch[] = []
  /** One that was written, to be filled again. */
  #spare: Batch | undefined
  #count = 0
  #octets = 0

  /** @param batchBytes of one write at most, unless a single line is longer */
  constructor(batchBytes: number) {
    this.#batchBytes = batchBytes
  }

  get count(): number {
    return this.#count
  }

  get octets(): number {
    return this.#octets
  }

  /** @param line in ASCII */
  add(line: string): void {
    const last = this.#batches.at(-1)
    const batch =
      last !== undefined && lengthOf(last) + line.length <= last.bytes.length ? last : this.#begin(line.length)
    const from = lengthOf(batch)
    batch.bytes.write(line, from, 'latin1')
    batch.ends.push(from + line.length)
    this.#count++
    this.#octets += line.length
  }

  /** What is to be written next; stays as it is until `wrote` is told of it. */
  next(): Uint8Array | undefined {
    const [batch] = this.#batches
    return batch?.bytes.subarray(startOf(batch), lengthOf(batch))
  }

  /** So many octets of `next` are in the file: the lines that are whole in them wait no longer. */
  wrote(octets: number): void {
    const [batch] = this.#batches
    if (batch === undefined) return
    const from = startOf(batch)
    const before = batch.written
    while (batch.written < batch.ends.length && (batch.ends[batch.written] ?? 0) <= from + octets) batch.written++
    this.#count -= batch.written - before
    this.#octets -= startOf(batch) - from
    if (batch.written < batch.ends.length) return
    this.#batches.shift()
    if (batch.bytes.length > this.#batchBytes) return
    batch.ends.length = 0
    batch.written = 0
    this.#spare = batch
  }

  clear(): void {
    this.#batches.length = 0
    this.#count = 0
    this.#octets = 0
  }

  #begin(lineBytes: number): Batch {
    const spare = lineBytes > this.#batchBytes ? undefined : this.#spare
    if (spare !== undefined) this.#spare = undefined
    const batch = spare ?? {
      bytes: Buffer.allocUnsafeSlow(Math.max(this.#batchBytes, lineBytes)),
      ends: [],
      written: 0,
    }
    this.#batches.push(batch)
    return batch
  }
}

const startOf = ({ ends, written }: Batch): number => (written === 0 ? 0 : (ends[written - 1] ?? 0))
const lengthOf = ({ ends }: Batch): number => ends.at(-1) ?? 0
