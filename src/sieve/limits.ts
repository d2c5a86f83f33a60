// SPDX-License-Identifier: Apache-2.0
/**
 * Every limit of the language, as data (spec sieve-engine.md 5). The engine has a set, a compilation and a run may
 * change single ones. Each limit that is hit is told of with its own name as code: `limit-` and the field in kebab case.
 */

export interface SieveLimits {
  /** Octets of a script in UTF-8. */
  readonly scriptBytes: number
  readonly tokens: number
  /** Octets of one string, multi-line ones too. */
  readonly stringBytes: number
  /** Characters of an identifier or tag. */
  readonly identifierLength: number
  /** Arguments of one command or test. */
  readonly arguments: number
  /** Blocks within blocks; RFC 5228 §2.10.7 asks for 15 at least. */
  readonly blockNesting: number
  /** Tests within tests; RFC 5228 §2.10.7 asks for 15 at least. */
  readonly testNesting: number
  readonly listEntries: number
  /** Diagnostics kept of one script. */
  readonly diagnostics: number
  readonly actions: number
  /** Actions that deliver nothing: things remembered, tags, notes. */
  readonly internalActions: number
  readonly redirects: number
  /** Addresses that one `redirect :list` writes to: it is no list server (RFC 6134 §3). */
  readonly listMembers: number
  readonly fileintos: number
  readonly vacations: number
  readonly notifies: number
  readonly rejects: number
  readonly headerEdits: number
  readonly addtags: number
  readonly variables: number
  /** Octets of the value of a variable; more is cut at a character. RFC 5229 §6 asks for 4000 at least. */
  readonly variableBytes: number
  readonly variableNameLength: number
  /** `${1}` and on. */
  readonly matchVariables: number
  readonly includes: number
  readonly includeDepth: number
  readonly loopDepth: number
  /** Octets of a field that `addheader` makes; RFC 5293 §4 asks for 998 at least. */
  readonly headerBytes: number
  /** Octets of the text of reject, vacation and notify. */
  readonly textBytes: number
  /** Commands, tests and comparisons; long comparisons count for more than one. */
  readonly steps: number
  /** Milliseconds, when the run is given a stopwatch. */
  readonly wallMs: number
  readonly patternLength: number
  /** Steps of a regular expression, its repetitions written out. */
  readonly patternSize: number
  /** Characters of a value that a regular expression looks at. */
  readonly patternInput: number
  /** Octets of decoded text that `body` and `extracttext` look at in one run. */
  readonly bodyBytes: number
  readonly logEntries: number
}

export const SIEVE_LIMITS: SieveLimits = {
  scriptBytes: 262_144,
  tokens: 200_000,
  stringBytes: 1_048_576,
  identifierLength: 32,
  arguments: 32,
  blockNesting: 32,
  testNesting: 32,
  listEntries: 64,
  diagnostics: 100,
  actions: 32,
  internalActions: 200,
  redirects: 5,
  listMembers: 50,
  fileintos: 10,
  vacations: 2,
  notifies: 5,
  rejects: 1,
  headerEdits: 50,
  addtags: 50,
  variables: 128,
  variableBytes: 4096,
  variableNameLength: 64,
  matchVariables: 32,
  includes: 255,
  includeDepth: 10,
  loopDepth: 4,
  headerBytes: 2048,
  textBytes: 65_536,
  steps: 100_000,
  wallMs: 2000,
  patternLength: 1000,
  patternSize: 10_000,
  patternInput: 262_144,
  bodyBytes: 4_194_304,
  logEntries: 100,
}

/** `limit-list-entries` for `listEntries`. */
export const limitCode = (limit: keyof SieveLimits): string =>
  `limit-${limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
