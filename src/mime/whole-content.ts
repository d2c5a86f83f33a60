// SPDX-License-Identifier: Apache-2.0
/**
 * Content that lies in memory in one piece. Whoever reads it as a stream reads a stream; whoever asks has all of it at
 * once, without a promise for each piece of each stage on its way.
 */
export class WholeContent implements AsyncIterable<Uint8Array> {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.bytes.length > 0) yield this.bytes
  }
}
