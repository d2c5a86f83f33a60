// SPDX-License-Identifier: Apache-2.0
/**
 * A wish that something under way should end. An AbortSignal is one, and does where one is made now and then; an `Abort`
 * is controller and signal in one, and costs next to nothing where one is made for every message and hardly any is used.
 */

/** What is heeded of an AbortSignal. */
export interface AbortWish {
  readonly aborted: boolean
  readonly reason: unknown
  /** @throws `reason`, when it has been said */
  throwIfAborted(): void
  /** `listener` is called when it is said, and not when it has been said already. */
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export class Abort implements AbortWish {
  aborted = false
  reason: unknown
  #listeners: (() => void)[] = []

  /** The first one counts. */
  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    for (const listener of this.#listeners.splice(0)) listener()
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    // Mostly whoever came last goes first.
    const at = this.#listeners.lastIndexOf(listener)
    if (at === this.#listeners.length - 1) this.#listeners.pop()
    else if (at >= 0) this.#listeners.splice(at, 1)
  }
}
