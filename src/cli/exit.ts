// SPDX-License-Identifier: Apache-2.0
/** How a command ends, and the errors that say so. */

export const EXIT = {
  fine: 0,
  /** Something was found: an error in a configuration, no such message, a refusal. */
  finding: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** No server answers on the control socket. */
  unreachable: 3,
  /** A fault of Postern. */
  fault: 4,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a command looked for is not there, or not as it should be. */
export class Finding extends Error {
  override readonly name = 'Finding'
}
