// SPDX-License-Identifier: Apache-2.0
/** What `:regex` (regex.ts) asks of an engine for regular expressions; that of the house is re2.ts. */

export interface CompiledPattern {
  /** Steps of its automaton. */
  readonly size: number
  test(text: string): boolean
  /** The whole match and the groups, of a text that matches. */
  groups(text: string): readonly string[]
}

/** @throws for what is no pattern, with a message for its author */
export type PatternCompiler = (pattern: string, options: { readonly ignoreCase: boolean }) => CompiledPattern
