// SPDX-License-Identifier: Apache-2.0
/** Reads records where they lie. A few segments stay open; each record's sum is checked whenever it is read. */
import { type FileLayer, type OpenFile, readSome } from '../file-layer.ts'
import { type Change, decodeChange } from './change.ts'
import { readRecord } from './group.ts'
import { offsetOf, type Span, segmentOf } from './position.ts'
import type { Segment, Segments } from './segments.ts'

/** What lies there is not what was written, or is no longer there. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord'
  /** What is left of it. */
  readonly bytes: Buffer
  constructor(message: string, bytes: Buffer) {
    super(message)
    this.bytes = bytes
  }
}

export interface ReadRecord {
  readonly change: Change
  /** Of a message whose content lies in the record. */
  readonly content: Buffer
}

/** Open segments at most, beside those that are being read right now. */
const MAX_OPEN = 16

interface Open {
  readonly file: Promise<OpenFile>
  users: number
}

export class Reader implements AsyncDisposable {
  readonly #files: FileLayer
  readonly #segments: Segments
  readonly #pathOf: (segment: Segment) => string
  /** The one used longest ago first. */
  readonly #open = new Map<number, Open>()

  constructor(files: FileLayer, segments: Segments, pathOf: (segment: Segment) => string) {
    this.#files = files
    this.#segments = segments
    this.#pathOf = pathOf
  }

  /** @throws DamagedRecord; another error when the disk fails */
  async read(span: Span): Promise<ReadRecord> {
    const segment = this.#segments.get(segmentOf(span.at))
    if (segment === undefined) throw new DamagedRecord(`there is no segment ${segmentOf(span.at)}`, Buffer.alloc(0))
    const bytes = await this.#bytes(segment, span)
    const record = readRecord(bytes, 0, segment.salt)
    if (record?.intact !== true || record.bytes !== span.bytes)
      throw new DamagedRecord(`the record at ${segment.path}:${offsetOf(span.at)} is damaged`, bytes)
    const decoded = decodeChange(record.kind, record.id, record.payload)
    if (decoded === undefined) throw new DamagedRecord(`the record at ${segment.path} is of no known kind`, bytes)
    return { change: decoded.change, content: record.payload.subarray(decoded.contentAt) }
  }

  /** The segment is about to go. */
  async forget(number: number): Promise<void> {
    const open = this.#open.get(number)
    this.#open.delete(number)
    if (open !== undefined && open.users === 0) await close(open)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const number of [...this.#open.keys()]) await this.forget(number)
  }

  async #bytes(segment: Segment, { at, bytes }: Span): Promise<Buffer> {
    const { number } = segment
    const open = this.#open.get(number) ?? { file: this.#files.open(this.#pathOf(segment), 'read'), users: 0 }
    this.#open.delete(number)
    this.#open.set(number, open)
    open.users++
    try {
      return await readSome(await open.file, offsetOf(at), bytes)
    } catch (error) {
      if (this.#open.get(number) === open) this.#open.delete(number)
      throw error
    } finally {
      open.users--
      if (open.users === 0 && this.#open.get(number) !== open) await close(open)
      await this.#closeSome()
    }
  }

  async #closeSome(): Promise<void> {
    for (const [number, open] of this.#open) {
      if (this.#open.size <= MAX_OPEN) return
      if (open.users > 0) continue
      this.#open.delete(number)
      await close(open)
    }
  }
}

/** Only for reading: a file that does not close well has lost nothing. */
async function close({ file }: Open): Promise<void> {
  try {
    await (await file).close()
  } catch {}
}
