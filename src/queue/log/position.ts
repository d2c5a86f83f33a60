// SPDX-License-Identifier: Apache-2.0
/**
 * Where a record lies: the number of its segment and the octet it begins at, packed into one number, so that a million
 * positions cost little memory. Segments stay under 64 MiB; 2^27 of them can be numbered.
 */

export interface Span {
  /** Packed position of the record's first octet. */
  readonly at: number
  /** Octets of the whole record. */
  readonly bytes: number
}

/** No segment may be longer. */
export const MAX_SEGMENT = 2 ** 26

export const packed = (segment: number, offset: number): number => segment * MAX_SEGMENT + offset
export const segmentOf = (at: number): number => Math.floor(at / MAX_SEGMENT)
export const offsetOf = (at: number): number => at % MAX_SEGMENT
