// SPDX-License-Identifier: Apache-2.0
/** The variables of one script, RFC 5229. Names come in lower case. */
import { limitCode, type SieveLimits } from '../limits.ts'
import type { VariableScope } from '../run-context.ts'
import { cutOctets } from '../text.ts'
import { SieveFault } from './fault.ts'

export class Variables implements VariableScope {
  /** The variables of all scripts of a run; absent for those themselves. */
  readonly #globals: Variables | undefined
  readonly #shared = new Set<string>()
  // A Map: `__proto__` is a name like any other.
  readonly #values = new Map<string, string>()
  readonly #limits: SieveLimits
  #captures: readonly string[] = []

  constructor(limits: SieveLimits, globals?: Variables) {
    this.#limits = limits
    this.#globals = globals
  }

  /** From here on this name means the global variable (RFC 6609 §3.4.1). False: it has a value here already. */
  share(name: string): boolean {
    if (this.#values.has(name)) return false
    if (this.#globals !== undefined) this.#shared.add(name)
    return true
  }

  /** RFC 5229 §3: an unknown variable is the empty string. */
  get(name: string): string {
    if (this.#globals !== undefined && this.#shared.has(name)) return this.#globals.get(name)
    return this.#values.get(name) ?? ''
  }

  set(name: string, value: string): void {
    if (this.#globals !== undefined && this.#shared.has(name)) {
      this.#globals.set(name, value)
      return
    }
    if (this.#values.size >= this.#limits.variables && !this.#values.has(name))
      throw new SieveFault('limit', limitCode('variables'), `more than ${this.#limits.variables} variables`)
    this.#values.set(name, cutOctets(value, this.#limits.variableBytes))
  }

  matched(index: number): string {
    return this.#captures[index] ?? ''
  }

  setMatched(captures: readonly string[]): void {
    this.#captures = captures
      .slice(0, this.#limits.matchVariables + 1)
      .map((text) => cutOctets(text, this.#limits.variableBytes))
  }
}
