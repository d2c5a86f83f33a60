// SPDX-License-Identifier: Apache-2.0
/**
 * Octets collected one by one or in pieces, without a trace of how they were cut: what a string of one octet a packet
 * costs is what it is long. Room is made as octets come, never as they are announced.
 */

const FIRST_ROOM = 256

export class Octets {
  #room = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  add(octet: number): void {
    this.#makeRoom(1)
    this.#room[this.#length++] = octet
  }

  append(piece: Uint8Array): void {
    this.#makeRoom(piece.length)
    this.#room.set(piece, this.#length)
    this.#length += piece.length
  }

  /** What was collected; it is the caller's, and a new collection begins. */
  take(): Buffer {
    const taken = this.#room.subarray(0, this.#length)
    this.#room = Buffer.alloc(0)
    this.#length = 0
    return taken
  }

  #makeRoom(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#room.length) return
    const larger = Buffer.alloc(Math.max(FIRST_ROOM, needed, 2 * this.#room.length))
    larger.set(this.#room.subarray(0, this.#length))
    this.#room = larger
  }
}
