// SPDX-License-Identifier: Apache-2.0
/** Values as octets, one after the other, without names: what a checkpoint is made of. Texts that return are written once. */

/** Texts remembered at most; both sides count alike. */
const MAX_SHARED = 1 << 20

export class Packer {
  #bytes = Buffer.allocUnsafe(64 * 1024)
  #length = 0
  readonly #known = new Map<string, number>()

  /** What was packed since the last call. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  /** Any number. */
  number(value: number): void {
    this.#length = this.#room(8).writeDoubleBE(value, this.#length)
  }

  /** A whole number below 2^32. */
  count(value: number): void {
    this.#length = this.#room(4).writeUInt32BE(value, this.#length)
  }

  /** Up to eight. */
  flags(...flags: readonly boolean[]): void {
    const octet = flags.reduce((sum, flag, i) => sum | (flag ? 1 << i : 0), 0)
    this.#length = this.#room(1).writeUInt8(octet, this.#length)
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.count(length)
    this.#length += this.#room(length).write(value, this.#length)
  }

  /** A text that probably comes again. 0 says that a new one follows. */
  shared(value: string): void {
    const known = this.#known.get(value)
    this.count(known ?? 0)
    if (known !== undefined) return
    this.text(value)
    if (this.#known.size < MAX_SHARED) this.#known.set(value, this.#known.size + 1)
  }

  #room(octets: number): Buffer {
    if (this.#length + octets > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * this.#bytes.length + octets)
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    return this.#bytes
  }
}

export class Unpacker {
  readonly #bytes: Buffer
  #at = 0
  readonly #known: string[] = []

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  number(): number {
    const value = this.#bytes.readDoubleBE(this.#at)
    this.#at += 8
    return value
  }

  count(): number {
    const value = this.#bytes.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  /** What Packer.flags() wrote: the first flag is the lowest bit. */
  bits(): number {
    return this.#bytes.readUInt8(this.#at++)
  }

  /** As many as count() says. */
  list<T>(one: () => T): T[] {
    const all: T[] = []
    for (let left = this.count(); left > 0; left--) all.push(one())
    return all
  }

  text(): string {
    const length = this.count()
    const end = this.#at + length
    const value = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end
    return value
  }

  shared(): string {
    const number = this.count()
    if (number > 0) return this.#known[number - 1] ?? ''
    const value = this.text()
    if (this.#known.length < MAX_SHARED) this.#known.push(value)
    return value
  }
}
