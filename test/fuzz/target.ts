// SPDX-License-Identifier: Apache-2.0
/** What the driver needs of a target: inputs, and the properties that must hold for every one of them. */
import type { Rule } from './grammar.ts'

export interface Target {
  readonly name: string
  /** Valid sentences, mostly. */
  readonly grammar: Rule
  readonly dictionary: readonly string[]
  /** Inputs to begin with: from the repository's own files. */
  readonly seeds?: readonly Buffer[]
  /** Octets of the longest input; 4096 unless given. */
  readonly maxBytes?: number
  /** Inputs of a short run, a second or less; 1000 unless given. */
  readonly shortRuns?: number
  /**
   * Throws when a property does not hold, or when what is tested throws what it does not document. Any octets at all
   * must be an input.
   */
  check(input: Buffer): void | Promise<void>
}

/** The octets as text, as our readers of files see them. */
export const textOf = (input: Uint8Array): string => Buffer.from(input).toString('utf8')
