// SPDX-License-Identifier: Apache-2.0
/** Where a header field begins and where a header ends; shared by everything that reads headers, so that all agree. */

const LF = 0x0a
const CR = 0x0d

/**
 * The length of the field name this line begins with, 0 when the line is no field. RFC 5322 §3.6.8:
 * field-name = 1*ftext; the white space before the colon is of §4.5.
 */
export function fieldNameLength(line: Uint8Array): number {
  let end = 0
  for (; end < line.length; end++) {
    const octet = line[end] ?? 0
    if (octet < 0x21 || octet > 0x7e || octet === 0x3a) break
  }
  if (end === 0) return 0
  let colon = end
  while (line[colon] === 0x20 || line[colon] === 0x09) colon++
  return line[colon] === 0x3a ? end : 0
}

/** RFC 5322 §2.2.3: the line continues the field before it. */
export const isContinuation = (line: Uint8Array): boolean => line[0] === 0x20 || line[0] === 0x09

/** The line end alone, CRLF or LF. */
export const isEmptyLine = (line: Uint8Array): boolean =>
  line[0] === LF || (line[0] === CR && (line.length === 1 || line[1] === LF))
