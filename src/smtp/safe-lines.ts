// SPDX-License-Identifier: Apache-2.0
/**
 * Content that may go over DATA anywhere, for messages of ours that enclose another's (RFC 3464): bare CR and LF become
 * CRLF, NUL becomes `?`. Sent as it came, the notice about a message that cannot be sent for its newlines could not be
 * sent either, and nobody would hear. What is passed on for others is never changed so (dot-stuff.ts).
 */
import { ChunkScanner } from './data-scanner.ts'

const NUL = 0
const MARK = 0x3f

export async function* safeLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const scanner = new ChunkScanner({ bareNewlines: 'normalise' })
  for await (const piece of content) for (const part of scanner.push(piece).content) yield withoutNul(part)
  yield* scanner.finish()
}

const withoutNul = (bytes: Uint8Array): Uint8Array =>
  bytes.includes(NUL) ? bytes.map((octet) => (octet === NUL ? MARK : octet)) : bytes
