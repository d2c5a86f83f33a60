// SPDX-License-Identifier: Apache-2.0
/** The envelope as scripts see it, for one recipient: RFC 5228 §5.4 and RFC 6009. */

export interface SieveEnvelope {
  /** Reverse-path; `''` is the null sender, `undefined`: not known (a message out of a store). */
  readonly from?: string
  /** The recipient the script runs for, and no other (RFC 5228 §5.4). Absent: evaluated once for all. */
  readonly to?: string
  /** The recipient as it was given to us first, RFC 3461 §4.2: `rfc822;kim@example.org`. */
  readonly orcpt?: string
  /** The AUTH parameter, RFC 4954 §5. */
  readonly auth?: string
  /** RFC 3461: NOTIFY values in upper case, RET and ENVID. */
  readonly notify?: readonly string[]
  readonly ret?: 'FULL' | 'HDRS'
  readonly envid?: string
  /** RFC 2852: the time in milliseconds by which, the mode, and whether trace was asked for. */
  readonly byTime?: number
  /** Seconds that were left of it when the message came. */
  readonly byTimeRelative?: number
  readonly byMode?: 'R' | 'N'
  readonly byTrace?: boolean
  /** What private extensions know of, by the name of their envelope part. */
  readonly others?: ReadonlyMap<string, readonly string[]>
}

/** An address of the envelope in halves; the local part without quotes. Source routes are not in it any more. */
export interface SplitAddress {
  readonly local: string
  readonly domain: string
}

export function splitAddress(address: string): SplitAddress {
  const at = address.lastIndexOf('@')
  const typed = at < 0 ? address : address.slice(0, at)
  const local = /^".*"$/s.test(typed) ? typed.slice(1, -1).replace(/\\([\s\S])/g, '$1') : typed
  return { local, domain: at < 0 ? '' : address.slice(at + 1) }
}
