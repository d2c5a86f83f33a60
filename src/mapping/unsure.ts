// SPDX-License-Identifier: Apache-2.0
/**
 * Everything about the language that its documentation does not say, or says where it could not be read again. Each
 * fact stands here alone, with the section and the mark of the specification: [R] recalled, [U] our recommendation.
 * Changing a value here changes the behaviour and nothing else has to follow.
 *
 * What is a way of doing rather than a value stands where it is done, in one place each:
 * - 1.3 [U] comments inside a continued row are skipped: `read.ts`, `take`
 * - 1.4, 1.5 [U] what is accepted with a warning: `read.ts`, `split-row.ts`
 * - 3.1 [U] `$` before a character that needs none: `parse-pattern.ts`, `#quotedForNothing`
 * - 3.3 [U] a modifier without a wildcard: `parse-pattern.ts`, `#loose`
 * - 3.4 [U] a back match to a field that is not there yet: `parse-pattern.ts`, `#backMatch`
 * - 3.5 [U] what is ordinary inside `$[…]`: `character-set-syntax.ts`
 * - 3.6 [U] runs of address characters, leading zeros, mapped addresses: `ip-text.ts`
 * - 4.7 [U] what makes a sequence fail before its file is touched: `sequence-number.ts`
 * - 4.9 [U] nested tables see the input flags and keep their flags: `run.ts`, `runTable`
 * - 4.13 [U] switches, flags and control inside an argument: `expand.ts`, `#lookUp`
 * - 5 [U] the last control counts: `expand.ts`, `#plain`
 */

/** spec mapping-tables.md 3.3 [U]: `$_$@*` is read as `$_@*`. */
export const DOUBLED_MODIFIERS = true

/** 3.4 [U]: a back match compares without regard to the case of ASCII letters. */
export const BACK_MATCH_CASE_BLIND = true

/** 3.4 [R]: a back match takes a field number of its own, unless `$@` says otherwise. */
export const BACK_MATCH_SAVED = true

/** 3.4 [U]: the `*` behind the digit of a back match may be left out. */
export const BACK_MATCH_STAR_OPTIONAL = true

/** 3.5 [U]: class letters count in either case. */
export const CLASS_LETTERS_CASE_BLIND = true

/** 3.5 [R]: what quotes a character inside `$[…]`. */
export const SET_QUOTE = '\\'

/** 3.6 [U]: an address matcher takes a field number, and holds the text of the address. */
export const NETWORK_SAVED = true

/** 3.6 [R]: significant bits where `/n` is left out of `$(…)`, bits to ignore where it is left out of `$<…>`, bits of `${…}`. */
export const DEFAULT_BITS = { prefix4: 32, ignore4: 0, prefix6: 128 } as const

/** 2 [U]: flags of rows that were followed by `$C`, `$L` or `$R` are kept; the result has all of them. */
export const FLAGS_ADD_UP = true

/** 4.2 [U]: flags that a template set before it failed are dropped. */
export const FAILURE_DROPS_FLAGS = true

/** 4.1 [U]: `$\` and `$^` change ASCII letters alone. The other choice would be all of Unicode. */
export const CASE_SWITCH_ASCII_ONLY = true

/** 4.5 [U]: the draw, from 0 to under 1, that lets `$?x?` succeed. */
export const chanceSucceeds = (draw: number, percent: number): boolean => draw * 100 < percent

/** 4.7 [U]: a negative radix counts as its absolute value. */
export const radixOf = (written: number): number => Math.abs(written)

/** 4.10 [D/U]: what a general look-up found is expanded as template text. */
export const GENERAL_EXPANDED_AGAIN = true

/** 4.12 [D]: what a call-out gave is expanded as template text. */
export const CALL_EXPANDED_AGAIN = true

/** 4.9, 4.8 [U]: results of other tables and of URLs are inserted as they are. */
export const TABLE_EXPANDED_AGAIN = false
export const URL_EXPANDED_AGAIN = false

/** 4.9 [U]: tables within tables, and texts expanded again within such texts, go this deep; one more fails. */
export const MAX_NESTING = 10

/**
 * 4.12 [D]: an unquoted blank behind a comma of `$[image,routine,argument]` neither ends the template nor belongs to it.
 * Anywhere else it ends the template.
 */
export const BLANKS_BEHIND_COMMAS_OF_CALLS = true

/** 4.12 [U]: the name a call-out is registered under: no directory, no logical name before a colon, no `.so`. */
export const imageName = (image: string): string =>
  image
    .trim()
    .slice(Math.max(image.trim().lastIndexOf('/'), image.trim().lastIndexOf(':')) + 1)
    .replace(/\.so$/i, '')

/** 5 [D]: restarts with a string that did not shrink that are still honoured. The number is confirmed, the counting derived. */
export const MAX_GROWING_RESTARTS = 10

/** 4.7 [U]: `$=` quotes these for an LDAP filter (RFC 4515 §3). */
export const LDAP_QUOTED: Readonly<Record<string, string>> = {
  '*': '\\2a',
  '(': '\\28',
  ')': '\\29',
  '\\': '\\5c',
  '\0': '\\00',
}
