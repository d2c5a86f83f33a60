// SPDX-License-Identifier: Apache-2.0
/**
 * Autoreply attributes of the directory as a script (spec filters.md 10): what a person chose in a form becomes a
 * `vacation` action like any other, with all its suppressions.
 */
import type { Autoreply } from '../../ask/filters.ts'
import { quoteString } from '../../sieve/index.ts'

/** spec filters.md 10: `autoreply_timeout_default`. */
const DEFAULT_HOURS = 168
const SECONDS = 3600
/** The language's own longest period (VACATION_CONFIG). */
const MAX_SECONDS = 60 * 24 * SECONDS

export interface AutoreplyScript {
  readonly text: string
  /** 0: every message is answered. */
  readonly seconds: number
  readonly echo: boolean
}

/**
 * `undefined`: there is nothing to say, or not now. @param now wall-clock milliseconds
 * @param internal sender and recipient share a domain
 */
export function autoreplyScript(autoreply: Autoreply, now: number, internal: boolean): AutoreplyScript | undefined {
  const { mode, subject, start, end, timeoutHours = DEFAULT_HOURS } = autoreply
  // Both ends count [U].
  if ((start !== undefined && now < start) || (end !== undefined && now > end)) return undefined
  const reason = (internal ? autoreply.textInternal : undefined) ?? autoreply.text
  if (reason === undefined || reason.trim() === '') return undefined
  const seconds = mode === 'vacation' ? Math.min(Math.max(Math.trunc(timeoutHours * SECONDS), 0), MAX_SECONDS) : 0
  const head = subject === undefined ? '' : ` :subject ${quoteString(oneLine(subject))}`
  return {
    text: `require "vacation";\nvacation :handle "autoreply"${head} ${quoteString(reason.replaceAll('\0', ''))};\n`,
    seconds,
    echo: mode === 'echo',
  }
}

const oneLine = (text: string): string => text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim()
