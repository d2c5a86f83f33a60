// SPDX-License-Identifier: Apache-2.0
/** Which segments there are: their files, and how long each is. `log-NUMBER` and `apart-NUMBER` in a folder. */
import { packed, type Span } from './position.ts'

export interface Segment {
  readonly number: number
  readonly kind: 'log' | 'apart'
  /** `FOLDER/NAME`, seen from the queue's directory. */
  readonly path: string
  readonly salt: Buffer
  /** Octets that count. */
  end: number
}

export const segmentName = (kind: Segment['kind'], number: number): string =>
  `${kind}-${String(number).padStart(9, '0')}`

export function readSegmentName(name: string): { readonly kind: Segment['kind']; readonly number: number } | undefined {
  const match = /^(log|apart)-(\d{9})$/.exec(name)
  return match === null ? undefined : { kind: match[1] === 'log' ? 'log' : 'apart', number: Number(match[2]) }
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
