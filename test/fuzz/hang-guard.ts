// SPDX-License-Identifier: Apache-2.0
/**
 * Notices from another thread that one input takes for ever, prints it, and ends the process: what hangs in a loop can
 * do neither itself. Generous, for it is a guard and no measure of speed.
 */
import { Worker } from 'node:worker_threads'

/** Octets of the shared memory: state, length of name and input, then both. */
export const HEADER = 12
export const ROOM = 1 << 20
export const IDLE = 0
const PATIENCE_MS = 120_000

export interface Watched {
  readonly memory: SharedArrayBuffer
  readonly seed: number
  readonly patienceMs: number
}

export class HangGuard implements AsyncDisposable {
  readonly #memory = new SharedArrayBuffer(HEADER + ROOM)
  readonly #state = new Int32Array(this.#memory, 0, 3)
  readonly #octets = new Uint8Array(this.#memory, HEADER)
  readonly #worker: Worker
  #count = 0

  constructor(seed: number, patienceMs = PATIENCE_MS) {
    const workerData: Watched = { memory: this.#memory, seed, patienceMs }
    // Flags of this process are not the thread's: with some of them it would not start, and nobody would know.
    this.#worker = new Worker(new URL('hang-watch.ts', import.meta.url), { workerData, execArgv: [] })
  }

  /** Work on this input begins. */
  begin(target: string, input: Uint8Array): void {
    const name = Buffer.from(target)
    this.#octets.set(name)
    this.#octets.set(input.subarray(0, ROOM - name.length), name.length)
    this.#state[1] = name.length
    this.#state[2] = Math.min(input.length, ROOM - name.length)
    this.#count = (this.#count % 0x3fffffff) + 1
    Atomics.store(this.#state, 0, this.#count)
  }

  end(): void {
    Atomics.store(this.#state, 0, IDLE)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
