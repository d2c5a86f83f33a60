// SPDX-License-Identifier: Apache-2.0
/**
 * Texts of strangers within what a call-out writes, which is read as a template once more (spec mapping-tables.md
 * 4.12): a list's TXT must not hold a flag, another call, or a line of its own.
 */

/** As much of a list's text as fits a reply beside the rest. */
const MAX_TEXT = 200

/** One line of printable ASCII; anything else is `?`. */
export const plainText = (text: string): string => text.slice(0, MAX_TEXT).replace(/[^ -~]/g, '?')

/** Means itself wherever a template is read. */
export const quoted = (text: string): string => text.replaceAll('$', '$$$$')
