// SPDX-License-Identifier: Apache-2.0
/** Header edits, applied while a message streams out (design 2.6). The body is never touched. */
import type { HeaderEdit } from '../envelope/envelope.ts'
import { WholeContent } from './whole-content.ts'
import { withoutFields } from './without-fields.ts'

/** What the edits put on top: the last one first. */
function topOf(edits: readonly HeaderEdit[]): Buffer {
  let top = ''
  for (const edit of edits) if (edit.edit === 'prepend') top = edit.field + top
  return Buffer.from(top)
}

const isRemoval = (edit: HeaderEdit): boolean => edit.edit === 'remove'

const removedBy = (edits: readonly HeaderEdit[]): ReadonlySet<string> =>
  new Set(edits.flatMap((edit) => (edit.edit === 'remove' ? [edit.name] : [])))

/** The content with the edits applied, piece by piece as it comes; there as a whole where it was. */
export function applyEdits(
  content: AsyncIterable<Uint8Array>,
  edits: readonly HeaderEdit[],
): AsyncIterable<Uint8Array> {
  const top = topOf(edits)
  if (edits.some(isRemoval)) return below(top, withoutFields(content, removedBy(edits)))
  return content instanceof WholeContent ? new WholeContent([top, ...content.pieces]) : below(top, content)
}

async function* below(top: Buffer, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (top.length > 0) yield top
  yield* content
}

/** Octets of the content with the edits applied; where fields are removed, at most. */
export function editedSize(size: number, edits: readonly HeaderEdit[]): number {
  let edited = size
  for (const edit of edits) if (edit.edit === 'prepend') edited += Buffer.byteLength(edit.field)
  return edited
}
