// SPDX-License-Identifier: Apache-2.0
/**
 * Notices that a list lists far more clients than usual: a list gone wild, or bought by somebody else, would refuse
 * everybody. Pure. Clients are looked at by a hundred, each once among them; what leaves the hundred makes the usual
 * share. It trips when so many listed ones would by chance come once in a thousand million (Chernoff's bound), and half
 * of the last clients are listed: a list that names fewer is not wild.
 */

/** Clients that are compared with what is usual. */
const RECENT = 100
/**
 * Before anything is known nine of ten are usual, as firmly as so few clients would have shown it: where most clients
 * are spammers a start must not be an alarm. Until better is known the canaries are the only guard.
 */
const PRIOR = { share: 0.9, clients: 10 } as const
/** What is usual follows the last thousand. */
const MEMORY = 1000
const LEAST_CLIENTS = 20
const LEAST_SHARE = 0.5
const LOG_ODDS = Math.log(1e9)

export class Breaker {
  #recent: { readonly client: string; readonly listed: boolean }[] = []
  readonly #clients = new Set<string>()
  #usual: number = PRIOR.share
  #known: number = PRIOR.clients

  /** @returns whether that is too much to be true; then `settle` is for the caller to call */
  told(client: string, listed: boolean): boolean {
    if (this.#clients.has(client)) return false
    this.#recent.push({ client, listed })
    this.#clients.add(client)
    if (this.#recent.length > RECENT) {
      const oldest = this.#recent.shift()
      if (oldest !== undefined) {
        this.#clients.delete(oldest.client)
        this.#learn(oldest.listed)
      }
    }
    return this.#tooMany()
  }

  /** What the last clients showed is usual from now on: the alarm was given, and the canaries decide. */
  settle(): void {
    this.#usual = Math.max(this.#usual, this.share)
    this.#known = MEMORY
    this.#recent = []
    this.#clients.clear()
  }

  /** Of the last clients, how many are listed: 0 to 1. */
  get share(): number {
    return this.#recent.length === 0 ? 0 : this.#recent.filter(({ listed }) => listed).length / this.#recent.length
  }

  get usual(): number {
    return this.#usual
  }

  get recent(): number {
    return this.#recent.length
  }

  #learn(listed: boolean): void {
    this.#known = Math.min(MEMORY, this.#known + 1)
    this.#usual += ((listed ? 1 : 0) - this.#usual) / this.#known
  }

  #tooMany(): boolean {
    const { share } = this
    const usual = Math.min(0.99, Math.max(0.01, this.#usual))
    if (this.#recent.length < LEAST_CLIENTS || share < LEAST_SHARE || share <= usual) return false
    const divergence = term(share, usual) + term(1 - share, 1 - usual)
    return this.#recent.length * divergence > LOG_ODDS
  }
}

const term = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log(a / b))
