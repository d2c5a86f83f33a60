// SPDX-License-Identifier: Apache-2.0
/**
 * Text that strangers chose, made fit for a terminal: nothing that moves a cursor, turns the direction of writing or
 * starts a line, and not without end.
 */
export function clean(text: string, max = 400): string {
  // Cut first: the rest of the work is then bounded too. A cut pair of surrogates would be half a character.
  const cut = text.length > max ? `${text.slice(0, max - 1).toWellFormed()}…` : text.toWellFormed()
  return cut.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')
}
