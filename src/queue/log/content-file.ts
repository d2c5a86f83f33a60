// SPDX-License-Identifier: Apache-2.0
/** Reads content that lies in a file of its own. Ends with an error when it is not what was received. */
import { crc32 } from 'node:zlib'
import { type FileLayer, readSome } from '../file-layer.ts'
import type { ContentFile } from './change.ts'
import { DamagedRecord } from './reader.ts'

const PIECE = 64 * 1024

/** @throws DamagedRecord after the last piece, when the sum is wrong: half a message is never taken for a whole one */
export async function* readContentFile(
  files: FileLayer,
  path: string,
  { bytes, crc }: ContentFile,
): AsyncIterable<Uint8Array> {
  const file = await files.open(path, 'read')
  try {
    let sum = 0
    let at = 0
    while (at < bytes) {
      const piece = await readSome(file, at, Math.min(PIECE, bytes - at))
      if (piece.length === 0) break
      sum = crc32(piece, sum)
      at += piece.length
      yield piece
    }
    if (at !== bytes || sum !== crc) throw new DamagedRecord(`the content in ${path} is damaged`, Buffer.alloc(0))
  } finally {
    await file.close()
  }
}
