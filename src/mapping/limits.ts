// SPDX-License-Identifier: Apache-2.0
/** Bounds of the language: those the documentation names, and our own against files and strings that would hurt. */

/** Documented lengths, in characters. Longer input is taken whole, with a warning (spec mapping-tables.md 1.2). */
export const DOCUMENTED = {
  pattern: 256,
  template: 1024,
  line: 4096,
  expression: 1024,
  /** Octets of the argument and of the result of a call-out. */
  callOut: 252,
} as const

/** Ours, for files: over them is an error. They are far more than any file that was written by hand has. */
export const FILE_LIMITS = {
  /** Characters of one logical line. */
  line: 65_536,
  pattern: 2048,
  template: 16_384,
  lines: 5_000_000,
  includes: 1000,
  includeDepth: 20,
  /** Problems reported of one load; what comes behind them is counted. */
  problems: 1000,
} as const

/** Bounds of one operation. Over any of them the answer is `deferred`, with the bound named. */
export interface RunLimits {
  /** UTF-16 units of a probe, and of any string that takes its place. */
  readonly probe: number
  /** UTF-16 units a template may write. */
  readonly output: number
  /** Look-ups, nested tables among them, of one operation with everything it calls. */
  readonly lookups: number
  /** Rows that match, over all passes. */
  readonly matches: number
  /** Steps of matching and searching together: about ten million a tenth of a second. */
  readonly steps: number
  /** Steps of one row with back matches against one string; such rows have no linear bound. */
  readonly backMatchSteps: number
  /** Steps kept in the trace, those of nested tables included; what comes behind them is counted. */
  readonly trace: number
}

export const RUN_LIMITS: RunLimits = {
  probe: 8192,
  output: 16_384,
  lookups: 100,
  matches: 5000,
  steps: 20_000_000,
  backMatchSteps: 100_000,
  trace: 200,
}
