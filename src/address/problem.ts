// SPDX-License-Identifier: Apache-2.0
/** Why a path or an address is none. */

export interface PathProblem {
  readonly problem: 'syntax' | 'too-long' | 'utf8'
  /** For people: what is wrong. ASCII, and nothing of what was typed. */
  readonly text: string
}

export const syntax = (text: string): PathProblem => ({ problem: 'syntax', text })
export const tooLong = (what: string, limit: number): PathProblem => ({
  problem: 'too-long',
  text: `${what} longer than ${limit} octets`,
})

/** Limits of RFC 5321 count octets, of UTF-8 too. */
export const isLonger = (text: string, limit: number): boolean =>
  // A character takes three at most: of what is short they need no counting.
  text.length > limit || (3 * text.length > limit && Buffer.byteLength(text) > limit)
