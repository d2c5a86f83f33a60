// SPDX-License-Identifier: Apache-2.0
/**
 * Which segments there are: their files, and how long each is. `log-NUMBER` and `apart-NUMBER` in a folder; `spare-NUMBER`
 * was one and waits to become another (spares.ts).
 */
import { packed, type Span } from './position.ts'

export interface Segment {
  readonly number: number
  readonly kind: 'log' | 'apart'
  /** `FOLDER/NAME`, seen from the queue's directory. */
  readonly path: string
  readonly salt: Buffer
  /** The file was another segment before: what lies behind the end may be of that. */
  readonly reused?: true
  /** A write or a sync of the file failed: it is not used again. */
  failed?: true
  /** Octets that count. */
  end: number
}

type FileKind = Segment['kind'] | 'spare'

export const segmentName = (kind: FileKind, number: number): string => `${kind}-${String(number).padStart(9, '0')}`

export function readSegmentName(name: string): { readonly kind: FileKind; readonly number: number } | undefined {
  const match = /^(log|apart|spare)-(\d{9})$/.exec(name)
  return match === null ? undefined : { kind: match[1] as FileKind, number: Number(match[2]) }
}

export class Segments {
  readonly #all = new Map<number, Segment>()
  /** The next number that no segment has had. */
  #next = 1

  get(number: number): Segment | undefined {
    return this.#all.get(number)
  }

  add(segment: Segment): void {
    this.#all.set(segment.number, segment)
    this.sawNumber(segment.number)
  }

  remove(number: number): void {
    this.#all.delete(number)
  }

  sawNumber(number: number): void {
    this.#next = Math.max(this.#next, number + 1)
  }

  takeNumber(): number {
    return this.#next++
  }

  /** In the order of their numbers. */
  of(kind: Segment['kind']): readonly Segment[] {
    return [...this.#all.values()].filter((segment) => segment.kind === kind).sort((a, b) => a.number - b.number)
  }

  octets(kind: Segment['kind']): number {
    let sum = 0
    for (const segment of this.#all.values()) if (segment.kind === kind) sum += segment.end
    return sum
  }
}

export const spanIn = (
  { number }: Segment,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
): Span => ({
  at: packed(number, offset),
  bytes,
})
