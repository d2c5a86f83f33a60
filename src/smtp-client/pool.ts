// SPDX-License-Identifier: Apache-2.0
/** Sessions kept for the next message to the same next hop. Each delivery has a session to itself. */
import type { Clock } from '../clock/clock.ts'
import type { ClientSession } from './session.ts'

/** Idle sessions in all; the oldest is closed when one more comes. */
const MAX_IDLE = 500

interface Idle {
  readonly key: string
  readonly session: ClientSession
  readonly cancel: () => void
}

export class SessionPool implements AsyncDisposable {
  #idle: Idle[] = []
  #closed = false
  readonly #clock: Clock
  readonly #idleMs: number
  readonly #maxMessages: number

  constructor(options: { readonly clock: Clock; readonly idleMs: number; readonly maxMessages: number }) {
    this.#clock = options.clock
    this.#idleMs = options.idleMs
    this.#maxMessages = options.maxMessages
  }

  /** An idle session of this key that is still alive, or `undefined`. */
  take(key: string): ClientSession | undefined {
    for (;;) {
      const at = this.#idle.findLastIndex((idle) => idle.key === key)
      const [found] = at < 0 ? [] : this.#idle.splice(at, 1)
      if (found === undefined) return undefined
      found.cancel()
      // A 421 or a closed connection while it was idle: this one is of no use any more.
      if (found.session.connection.alive && !found.session.connection.outOfStep) return found.session
      found.session.connection.destroy()
    }
  }

  /** Hands a session back after a message. */
  give(key: string, session: ClientSession): void {
    if (!session.connection.alive) return
    if (this.#closed || session.messages >= this.#maxMessages || this.#idleMs === 0) {
      close(session)
      return
    }
    const idle: Idle = {
      key,
      session,
      cancel: this.#clock.after(this.#idleMs, () => {
        this.#idle = this.#idle.filter((other) => other !== idle)
        close(session)
      }),
    }
    this.#idle.push(idle)
    if (this.#idle.length <= MAX_IDLE) return
    const oldest = this.#idle.shift()
    oldest?.cancel()
    if (oldest !== undefined) close(oldest.session)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const idle = this.#idle
    this.#idle = []
    for (const { cancel } of idle) cancel()
    await Promise.all(idle.map(({ session }) => session.connection[Symbol.asyncDispose]()))
  }
}

/** In its own time: nobody waits for the goodbye of an idle session, and it cannot fail. */
function close(session: ClientSession): void {
  void session.connection[Symbol.asyncDispose]()
}
