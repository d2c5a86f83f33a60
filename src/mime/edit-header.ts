// SPDX-License-Identifier: Apache-2.0
/** Edits that filters made of a header (envelope/filtered.ts), applied to a copy of it. RFC 5293. */
import type { FilterEdit } from '../envelope/filtered.ts'
import { fieldsOf } from './header-text.ts'

interface Piece {
  /** In lower case; absent: lines that are no field. */
  readonly name?: string
  readonly raw: Uint8Array
}

/** @param header whole lines, without the empty line behind them. A field that is not there is not taken out. */
export function editHeader(header: Buffer, edits: readonly FilterEdit[]): Buffer {
  if (edits.length === 0) return header
  const pieces = piecesOf(header)
  for (const edit of edits) {
    switch (edit.edit) {
      case 'prepend':
        pieces.unshift(pieceOf(edit.field))
        break
      case 'append':
        pieces.push(pieceOf(edit.field))
        break
      case 'delete': {
        let seen = 0
        const at = pieces.findIndex(({ name }) => name === edit.name && ++seen === edit.occurrence)
        if (at >= 0) pieces.splice(at, 1)
        break
      }
      default:
        edit satisfies never
    }
  }
  return Buffer.concat(pieces.map(({ raw }) => raw))
}

const pieceOf = (field: string): Piece => ({
  name: field.slice(0, Math.max(0, field.indexOf(':'))).toLowerCase(),
  raw: Buffer.from(field),
})

/** Fields and what stands between them, in order: nothing of the header is lost. */
function piecesOf(header: Buffer): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const { name, raw } of fieldsOf(header)) {
    const from = raw.byteOffset - header.byteOffset
    if (from > at) pieces.push({ raw: header.subarray(at, from) })
    pieces.push({ name: name.toLowerCase(), raw })
    at = from + raw.length
  }
  if (at < header.length) pieces.push({ raw: header.subarray(at) })
  return pieces
}
