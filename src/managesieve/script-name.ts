// SPDX-License-Identifier: Apache-2.0
/** Names of scripts, RFC 5804 §1.6: Net-Unicode (RFC 5198) without control characters and line ends. */

import { isRuleName } from '../policy/filters/rules/index.ts'

/** RFC 5804 §1.6: 128 characters at least; more is of no use to anybody. */
export const MAX_NAME_LENGTH = 128

/** Why a name cannot be one. */
export type BadName = { readonly problem: string }

/**
 * A name as clients send it, in the composed form of Net-Unicode (RFC 5198 §2), so that no two scripts look alike by
 * how a keyboard composes letters. Beyond the RFC: no slash, for scripts may be kept as files one day, and no blank at
 * either end, for names also stand in comments (policy/filters/rules).
 */
export function parseScriptName(octets: Uint8Array): string | BadName {
  const name = decodeUtf8(octets)?.normalize('NFC')
  if (name === undefined) return { problem: 'The name is not UTF-8' }
  if (name === '') return { problem: 'A script needs a name' }
  const problem = problemOf(name)
  return problem === undefined ? name : { problem }
}

export function problemOf(name: string): string | undefined {
  if ([...name].length > MAX_NAME_LENGTH) return `The name has more than ${MAX_NAME_LENGTH} characters`
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name)) return 'The name has a control character or a line end'
  if (name.includes('/')) return 'The name has a slash'
  if (name !== name.trim()) return 'The name has a blank at one of its ends'
  return isRuleName(name) ? undefined : 'The name cannot be stored: it reads like the comment that keeps it'
}

/** `undefined` for octets that are not UTF-8. A byte order mark stays. */
export function decodeUtf8(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return undefined
  }
}
