// SPDX-License-Identifier: Apache-2.0
/**
 * What no standard and no document says for certain. Each choice stands here alone, with the section of the specification
 * it is from; changing it here changes the behaviour and nothing else has to follow.
 */

/** spec filters.md 7 [U]: `redirect` to an address of the script's owner is a `keep`. */
export const REDIRECT_TO_OWNER_KEEPS = true

/** spec filters.md 5 [U]: halves are rounded away from zero. */
export const roundScore = (score: number): number => Math.sign(score) * Math.round(Math.abs(score))

/** spec filters.md 5 appends the text to the number; RFC 5235 §3.1 puts a blank between, or the number would be another one. */
export const scoreText = (value: number, text: string): string =>
  `${value}${text === '' || text.startsWith(' ') ? '' : ' '}${text}`

/** spec filters.md 5 [U]: `spamtest :percent` of a score of 0 to 10. */
export const percentOf = (score: number): number => Math.min(100, Math.max(0, Math.round(score * 10)))

/** RFC 5260 §4.1 leaves the fraction open: seconds only. Minutes east of Greenwich where the server's zone is not known. */
export const DEFAULT_OFFSET_MINUTES = 0

/** RFC 7352 §3.3 recommends about a week. */
export const DUPLICATE_SECONDS = 7 * 24 * 3600

/** spec filters.md 4 [U]: `redirect` adds Resent fields unless the script says `:noresent`. Where there are such tags. */
export const REDIRECT_IS_RESENT = true

/** spec filters.md 4 [U]: `addprefix` puts its text in front of the first part of this type. */
export const PREFIXED_TYPE = 'text/plain'

/** spec filters.md 4 [U]: from which `loglevel` on `warn` and `debug` are written; without one, both are. */
export const WARN_FROM_LEVEL = 1
export const DEBUG_FROM_LEVEL = 2
