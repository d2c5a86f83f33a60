// SPDX-License-Identifier: Apache-2.0
/**
 * Content that lies in memory, in a few pieces. Whoever reads it as a stream reads a stream; whoever asks has all of it
 * at once, without a promise for each piece of each stage on its way, and without a copy for each.
 */
export class WholeContent implements AsyncIterable<Uint8Array> {
  readonly pieces: readonly Uint8Array[]

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (const piece of this.pieces) if (piece.length > 0) yield piece
  }
}
