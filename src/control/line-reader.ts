// SPDX-License-Identifier: Apache-2.0
/** Cuts a stream of octets into lines, within a bound: what an endless line costs is `maxBytes`, once. */

export class LineTooLong extends Error {
  override readonly name = 'LineTooLong'
}

export class LineReader {
  readonly #maxBytes: number
  #pieces: Buffer[] = []
  #length = 0

  /** @param maxBytes octets of a line, its line feed not counted; a line of exactly this length passes */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * The lines that `chunk` completes, without their line feeds.
   * @throws LineTooLong; the reader is of no use afterwards
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (;;) {
      const end = chunk.indexOf(10, start)
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end)
      this.#length += piece.length
      if (this.#length > this.#maxBytes) throw new LineTooLong(`a line has more than ${this.#maxBytes} octets`)
      if (end === -1) {
        if (piece.length > 0) this.#pieces.push(piece)
        return lines
      }
      lines.push(Buffer.concat([...this.#pieces, piece]).toString('utf8'))
      this.#pieces = []
      this.#length = 0
      start = end + 1
    }
  }
}
