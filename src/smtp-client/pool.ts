// SPDX-License-Identifier: Apache-2.0
/** Sessions kept for the next message to the same next hop. Each delivery has a session to itself. */
import { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import type { ClientSession } from './session.ts'

/** Idle sessions in all; the oldest is closed when one more comes. */
const MAX_IDLE = 500

interface Idle {
  readonly session: ClientSession
  /** On the monotonic clock. */
  readonly since: number
}

export class SessionPool implements AsyncDisposable {
  /** By key, the one that was idle last at the end; a key without any is not there. */
  readonly #idle = new Map<string, Idle[]>()
  #count = 0
  #closed = false
  readonly #clock: Clock
  readonly #idleMs: number
  readonly #maxMessages: number
  /** For the session that was idle longest when it was set: a busy pool never hears it. */
  readonly #alarm: Alarm
  #watched = false

  constructor(options: { readonly clock: Clock; readonly idleMs: number; readonly maxMessages: number }) {
    this.#clock = options.clock
    this.#idleMs = options.idleMs
    this.#maxMessages = options.maxMessages
    this.#alarm = new Alarm(options.clock, () => this.#closeIdle())
  }

  /** An idle session of this key that is still alive, or `undefined`. */
  take(key: string): ClientSession | undefined {
    for (;;) {
      const session = this.#remove(key, 'last')
      // A 421 or a closed connection while it was idle: this one is of no use any more.
      if (session === undefined || (session.connection.alive && !session.connection.outOfStep)) return session
      session.connection.destroy()
    }
  }

  /** Hands a session back after a message. */
  give(key: string, session: ClientSession): void {
    if (!session.connection.alive) return
    if (this.#closed || session.messages >= this.#maxMessages || this.#idleMs === 0) {
      close(session)
      return
    }
    const idle = { session, since: this.#clock.monotonic() }
    const others = this.#idle.get(key)
    if (others === undefined) this.#idle.set(key, [idle])
    else others.push(idle)
    this.#count++
    if (!this.#watched) this.#watch(this.#idleMs)
    const oldest = this.#count > MAX_IDLE ? this.#oldest() : undefined
    if (oldest !== undefined) closeIf(this.#remove(oldest.key, 'first'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#alarm.stop()
    const idle = [...this.#idle.values()].flat()
    this.#idle.clear()
    this.#count = 0
    await Promise.all(idle.map(({ session }) => session.connection[Symbol.asyncDispose]()))
  }

  #remove(key: string, which: 'first' | 'last'): ClientSession | undefined {
    const all = this.#idle.get(key)
    if (all === undefined) return undefined
    const found = which === 'last' ? all.pop() : all.shift()
    if (found !== undefined) this.#count--
    if (all.length === 0) this.#idle.delete(key)
    return found?.session
  }

  /** The key of whichever was idle longest, and since when. */
  #oldest(): { readonly key: string; readonly since: number } | undefined {
    let oldest: { readonly key: string; readonly since: number } | undefined
    for (const [key, [first]] of this.#idle)
      if (first !== undefined && (oldest === undefined || first.since < oldest.since))
        oldest = { key, since: first.since }
    return oldest
  }

  #watch(ms: number): void {
    this.#watched = true
    this.#alarm.set(ms)
  }

  #closeIdle(): void {
    this.#watched = false
    for (;;) {
      const oldest = this.#oldest()
      if (oldest === undefined) return
      const leftMs = oldest.since + this.#idleMs - this.#clock.monotonic()
      if (leftMs > 0) {
        this.#watch(leftMs)
        return
      }
      closeIf(this.#remove(oldest.key, 'first'))
    }
  }
}

function closeIf(session: ClientSession | undefined): void {
  if (session !== undefined) close(session)
}

/** In its own time: nobody waits for the goodbye of an idle session, and it cannot fail. */
function close(session: ClientSession): void {
  void session.connection[Symbol.asyncDispose]()
}
