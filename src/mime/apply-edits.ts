// SPDX-License-Identifier: Apache-2.0
/** Header edits, applied while a message streams out (design 2.6). The body is never touched. */
import type { HeaderEdit } from '../envelope/envelope.ts'

/** What the edits put on top: the last one first. */
const topOf = (edits: readonly HeaderEdit[]): Buffer =>
  Buffer.from(
    edits
      .toReversed()
      .map(({ field }) => field)
      .join(''),
  )

/** The content with the edits applied, chunk by chunk as it comes. */
export async function* applyEdits(
  content: AsyncIterable<Uint8Array>,
  edits: readonly HeaderEdit[],
): AsyncIterable<Uint8Array> {
  const top = topOf(edits)
  if (top.length > 0) yield top
  yield* content
}

/** Octets of the content with the edits applied. */
export const editedSize = (size: number, edits: readonly HeaderEdit[]): number =>
  edits.reduce((sum, { field }) => sum + Buffer.byteLength(field), size)
